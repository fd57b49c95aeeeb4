"""Participants folded in beside implicit's own factors of them: which recommends better?

    python -m benchmarks.fold_in DATA [--factors 32] [--cases 3000] [--models als bpr lmf]

DATA is a directory of `saldopas import`. One purchase of everybody is held out: the first in the
last tenth of the time, or the last but one where there is only an order. All courses are ranked but
the participant's own. Both lines of a model rank by the same item factors; the figures differ by
the participants' factors only.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.batch import TrainingSet
from saldopas.features.encoding.indexed import IndexedDataset, index_dataset
from saldopas.features.splits.split import end_of
from saldopas.features.tables.dataset import read_dataset
from saldopas.models.recommenders import als, bpr, lmf
from saldopas.training_pipeline.console import print_table
from threadpoolctl import threadpool_limits

BLOCK = 500
MODELS: dict[str, tuple[Any, Any, Any]] = {
    "als": (als.Als, als.AlsConfig, als.fit_implicit),
    "bpr": (bpr.Bpr, bpr.BprConfig, bpr.fit_implicit),
    "lmf": (lmf.Lmf, lmf.LmfConfig, lmf.fit_implicit),
}


@dataclass(frozen=True)
class HeldOut:
    """(B,) rows of the training set, and the purchase that each of them made next."""

    train: TrainingSet
    rows: NDArray[np.int64]
    target: NDArray[np.int32]

    def quality(self, score: Callable[[NDArray[np.int64]], Any]) -> tuple[float, float, float]:
        """Hit rate and NDCG at 10, and CPU microseconds a row."""
        ranks, spent = [], 0.0
        for start in range(0, len(self.rows), BLOCK):
            rows, target = self.rows[start : start + BLOCK], self.target[start : start + BLOCK]
            started = time.process_time()
            scores = np.asarray(score(rows))
            spent += time.process_time() - started
            own = scores[np.arange(len(rows)), target][:, None]
            owned = self.train.participants.sequence.take(rows).matrix().toarray() > 0
            ranks.append(((scores >= own) & ~owned).sum(axis=1))  # itself counts, ties lose
        rank = np.concatenate(ranks)
        gain = np.where(rank <= 10, 1 / np.log2(rank + 1.0), 0.0)
        return float((rank <= 10).mean()), float(gain.mean()), spent / len(self.rows) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--factors", type=int, default=32)
    parser.add_argument("--cases", type=int, default=3_000)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    chosen = parser.parse_args()
    data = index_dataset(read_dataset(chosen.data))
    held_out = hold_out(data, chosen.cases)
    table = []
    for name in chosen.models:
        kind, config_type, fit_implicit = MODELS[name]
        config = config_type(factors=chosen.factors)
        with threadpool_limits(1, "blas"):
            fitted = fit_implicit(config, held_out.train, seed=7)
            model = kind.of_implicit(config, held_out.train, fitted)
            items = np.asarray(fitted.item_factors)[: held_out.train.n_items]
            people = held_out.train.participants
            scorers: dict[str, Callable[[NDArray[np.int64]], Any]] = {
                "implicit's own": lambda rows, fitted=fitted, items=items: (
                    fitted.user_factors[rows] @ items.T
                ),
                "folded in": lambda rows, model=model, people=people: model.score(
                    people.take(rows)
                ),
            }
            table += [(name, who, *held_out.quality(score)) for who, score in scorers.items()]
    print_table(
        f"{data.config.name}: {len(held_out.rows):,} purchases, {held_out.train.n_items:,} courses",
        ("model", "participants", "HR@10", "NDCG@10", "CPU us a row"),
        table,
    )


def hold_out(data: IndexedDataset, most: int) -> HeldOut:
    lengths = data.events.lengths
    cutoff_s = end_of(data)
    seen = np.maximum(lengths - 2, 0)
    if not data.config.dates_are_order_only:
        cutoff_s = int(np.quantile(data.events.at_s, 0.9))
        seen = data.seen_before(cutoff_s)
    train = data.training_set(seen, as_of_s=cutoff_s)
    people = np.flatnonzero((seen > 0) & ~data.opted_out)  # the rows of `train`
    has_next = np.flatnonzero(seen[people] < lengths[people])
    target = data.events.item_idx[(data.events.indptr[people] + seen[people])[has_next]]
    bought = train.participants.sequence.take(has_next).matrix()
    fresh = np.flatnonzero(np.asarray(bought[np.arange(len(target)), target]).ravel() == 0)
    drawn = np.sort(np.random.default_rng(7).permutation(fresh)[:most])
    return HeldOut(train, has_next[drawn], target[drawn])


if __name__ == "__main__":
    main()
