"""Are the metrics ranx's, and what do all metrics with intervals cost?

    python -m benchmarks.evaluation --check 10000            # equal to ranx on random rankings
    python -m benchmarks.evaluation --participants 100000    # time, peak memory, ratio to ranx

The second makes a sample of the generator (1,700 courses), predicts the last purchase of each
participant from the popularity before it, and measures. ranx compiles before it is timed, and uses
as many threads as it likes (NUMBA_NUM_THREADS=1 for one). CPU seconds say what the work costs where
other work runs beside it.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import IndexedDataset, index_dataset
from saldopas.features.splits.cases import replayed
from saldopas.features.splits.split import Cut, end_of
from saldopas.features.tables.dataset import read_dataset
from saldopas.models.policy.policy import Policy, Recommendations, Stage
from saldopas.models.recommenders.popularity import PopularityConfig, TimeDecayedPopularity
from saldopas.training_pipeline.console import print_table
from saldopas.training_pipeline.evaluating.comparison import differences
from saldopas.training_pipeline.evaluating.decisions import CUTOFFS, Decisions
from saldopas.training_pipeline.evaluating.groups import grouping
from saldopas.training_pipeline.evaluating.intervals import intervals_of, segments_of
from saldopas.training_pipeline.evaluating.measured import FAMILY, SEGMENT_METRICS, Measured
from saldopas.training_pipeline.evaluating.metrics import average_precision, case_metrics
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from saldopas.training_pipeline.ingest.sample.generate import generate, write_sample
from scipy.sparse import csr_array

RANX = {"hit": "hit_rate", "recall": "recall", "ndcg": "ndcg", "mrr": "mrr", "map": "map"}
NAMES = [f"{name}@{k}" for name in RANX for k in CUTOFFS]
SEED = 7
Row = tuple[str, float, float]  # step, seconds, CPU seconds
COLUMNS = ("step", "seconds", "CPU seconds")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", type=int, metavar="RANKINGS")
    parser.add_argument("--participants", type=int, default=10_000)
    parser.add_argument("--resamples", type=int, default=1_000)
    asked = parser.parse_args()
    if asked.check:
        found = differences_to_ranx(rankings=asked.check, seed=SEED)
        title = f"Largest difference to ranx, ranking by ranking, {asked.check:,} rankings"
        print_table(title, ("metric", "difference"), [(n, f"{d:.1e}") for n, d in found.items()])
        return
    cost(asked.participants, asked.resamples)


def differences_to_ranx(*, rankings: int, seed: int) -> dict[str, float]:
    """Largest difference of any single ranking, by metric.

    Lists of 0 to 20 of 60 courses, 1 to 7 of them bought.
    """
    rng = np.random.default_rng(seed)
    n_items = 60
    lists = [rng.permutation(n_items)[: rng.integers(0, 21)] for _ in range(rankings)]
    bought = [rng.permutation(n_items)[: rng.integers(1, 8)] for _ in range(rankings)]
    targets = _matrix(bought, n_items)
    ours = _shared_metrics(_ragged(lists), targets)
    theirs = ranx_values(*ranx_tables(_ragged(lists), targets))
    return {name: float(np.abs(ours[name] - theirs[name]).max()) for name in NAMES}


def _shared_metrics(lists: Recommendations, targets: csr_array) -> pd.DataFrame:
    """Ours by ranx's definition: its recall divides by all that was bought, ours by at most k."""
    found = pd.concat([case_metrics(lists, targets), average_precision(lists, targets)], axis=1)
    n_targets = np.diff(targets.indptr)
    recall = {
        f"recall@{k}": found[f"recall@{k}"] * np.minimum(k, n_targets) / n_targets for k in CUTOFFS
    }
    return found.assign(**recall)


def ranx_tables(lists: Recommendations, targets: csr_array) -> tuple[object, object]:
    """Qrels and run, queries in the order of the rows."""
    from ranx import Qrels, Run

    n_rows = targets.shape[0]
    queries = np.array([f"q{row:07d}" for row in range(n_rows)], object)
    courses = np.array([f"c{item}" for item in range(targets.shape[1])], object)
    lengths = np.diff(lists.indptr)
    rank = np.arange(lengths.sum()) - np.repeat(lists.indptr[:-1], lengths)
    wanted = pd.DataFrame(
        {
            "q_id": np.repeat(queries, np.diff(targets.indptr)),
            "doc_id": courses[targets.indices],
            "score": np.ones(len(targets.indices), np.int64),
        }
    )
    listed = pd.DataFrame(
        {
            "q_id": np.repeat(queries, lengths),
            "doc_id": courses[lists.item_idx],
            "score": (100 - rank).astype(np.float64),
        }
    )
    run = Run.from_df(listed.astype({"q_id": object, "doc_id": object}))
    return Qrels.from_df(wanted.astype({"q_id": object, "doc_id": object})), run


def ranx_values(qrels: object, run: object) -> dict[str, NDArray[np.float64]]:
    """(B,) by metric; a query without a list scores 0."""
    from ranx import evaluate

    names = [f"{RANX[name.partition('@')[0]]}@{name.partition('@')[2]}" for name in NAMES]
    found = evaluate(qrels, run, names, return_mean=False, make_comparable=True)
    return {ours: np.asarray(found[theirs]) for ours, theirs in zip(NAMES, names, strict=True)}


def cost(participants: int, resamples: int) -> None:
    config = EvaluationConfig(resamples=resamples)
    data = generated(SampleConfig(participants=participants))
    decisions = Decisions(data, _last_purchases(data))
    cases = decisions.cut.cases
    policies = [_popularity(decisions, half_life) for half_life in (30.0, None)]
    lists = [policy.recommend(decisions.requests) for policy in policies]
    before = _peak_mb()
    rows: list[Row] = []

    with _timed(rows, "all metrics of each decision"):
        measured = [Measured.of("a", decisions, lists[0])]
    measured.append(Measured.of("b", decisions, lists[1]))
    with _timed(rows, "coverage and Gini at four cut-offs"):
        _ = measured[0].exposure
    with _timed(rows, "intervals of all metrics, three groups of people"):
        intervals_of({"a": measured[0]}, config=config)
    names = [name for name in SEGMENT_METRICS if name in measured[0].metrics]
    for column in ("history", "province"):
        with _timed(rows, f"segments by {column}, {len(names)} metrics"):
            by = grouping(decisions, column)
            segments_of(measured[0].metrics, by, decisions.people, names=names, config=config)
    family = [name for name in FAMILY if name in measured[0].names]
    with _timed(rows, f"comparison of two models, {len(family)} metrics"):
        differences(*measured, names=family, config=config)
    title = (
        f"{decisions.n_decisions:,} decisions of {decisions.n_people:,} participants, "
        f"{decisions.n_items:,} courses, {resamples:,} resamples"
    )
    print_table(title, COLUMNS, rows)
    print(f"peak memory {_peak_mb():,.0f} MB, {before:,.0f} MB before measuring")
    _beside_ranx(lists[0], cases.targets)


def generated(config: SampleConfig) -> IndexedDataset:
    """A sample of the generator, written, checked and read back as a user's data would be."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "sample"
        write_sample(generate(config, seed=SEED), config, target, seed=SEED)
        return index_dataset(read_dataset(target))


def _beside_ranx(lists: Recommendations, targets: csr_array) -> None:
    few = np.arange(50)
    small = Recommendations(
        lists.indptr[:51], lists.item_idx[: lists.indptr[50]], lists.scores, lists.source
    )
    ranx_values(*ranx_tables(small, targets[few]))  # compiles
    rows: list[Row] = []
    with _timed(rows, "ours, from lists"):
        _shared_metrics(lists, targets)
    with _timed(rows, "ranx, qrels and run from tables"):
        tables = ranx_tables(lists, targets)
    with _timed(rows, "ranx, evaluate"):
        ranx_values(*tables)
    print_table(f"{len(NAMES)} shared metrics", COLUMNS, rows)
    spent = [row[1:] for row in rows]
    for clock, ours, built, evaluated in zip(COLUMNS[1:], *spent, strict=True):
        print(
            f"in {clock} ranx takes {evaluated / ours:.1f} times ours, "
            f"{(built + evaluated) / ours:.1f} with its tables"
        )


def _last_purchases(data: IndexedDataset) -> Cut:
    lengths = data.events.lengths
    buyers = np.flatnonzero(lengths > 0)
    last = np.zeros(len(data.kept), np.bool_)
    last[data.events.indptr[buyers + 1] - 1] = True
    cases = replayed(data, last)
    train = data.training_set(np.maximum(lengths - 1, 0), as_of_s=end_of(data))
    return Cut("test", "leave-last-out", "last", train, cases)


def _popularity(decisions: Decisions, half_life_days: float | None) -> Policy:
    config = PopularityConfig(half_life_days=half_life_days)
    model = TimeDecayedPopularity.fit(config, decisions.cut.train, seed=SEED)
    return Policy((Stage("popular", model),), decisions.data.courses)


def _ragged(rows: list[NDArray[np.int64]]) -> Recommendations:
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    items = np.concatenate(rows).astype(np.int64)
    return Recommendations(
        indptr, items, np.zeros(len(items), np.float32), np.zeros(len(items), np.int8)
    )


def _matrix(rows: list[NDArray[np.int64]], n_items: int) -> csr_array:
    lists = _ragged(rows)
    ones = np.ones(len(lists.item_idx), np.bool_)
    return csr_array((ones, lists.item_idx, lists.indptr), (len(rows), n_items))


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def _timed(rows: list[Row], step: str) -> Iterator[None]:
    started, worked = time.perf_counter(), time.process_time()
    yield
    rows.append((step, time.perf_counter() - started, time.process_time() - worked))


if __name__ == "__main__":
    main()
