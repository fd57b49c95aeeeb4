"""What a popularity model says of courses that nobody, few or many bought, on validation windows.

    python -m benchmarks.new_courses DIR [--windows 3] [--test-from 2001-02-01] defaults ...

Each further argument is one configuration: `key=value,key=value` of `PopularityConfig`, `defaults`
for none. Test is never read. Of the courses on sale at the cut, by how often they were bought
before: the log-likelihood a purchase that was held out gains over a uniform guess within the group
(nats), and the share of those purchases that went to the tenth of the group with the best scores.
No real set tells when its courses came on sale: `--launched-when-first-sold` takes the first sale.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import IndexedDataset, index_dataset
from saldopas.features.splits.split import Cut, earlier_windows, make_cuts
from saldopas.features.splits.split_config import SplitConfig
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import Dataset, read_dataset
from saldopas.models.policy.policy import Policy, Stage
from saldopas.models.recommenders.popularity import PopularityConfig, TimeDecayedPopularity
from saldopas.training_pipeline.evaluating.evaluation import evaluate_policy

GROUPS = {"bought 0": (0, 0), "1 to 20": (1, 20), "over 20": (21, None), "all": (0, None)}
SEED = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory")
    parser.add_argument("configs", nargs="+", type=parsed)
    parser.add_argument("--windows", type=int, default=3)
    parser.add_argument("--test-from", type=datetime.fromisoformat)
    parser.add_argument("--launched-when-first-sold", action="store_true")
    asked = parser.parse_args()
    dataset = read_dataset(asked.directory)
    if asked.launched_when_first_sold:
        dataset = launched_when_first_sold(dataset)
    data = index_dataset(dataset)
    split = SplitConfig(validation_windows=asked.windows, test_from=asked.test_from)
    cuts = make_cuts(data, split, seed=SEED)
    if cuts is None:
        parser.error("too little was bought to hold anything out")
    windows = (cuts[0], *earlier_windows(data, split, cuts, seed=SEED))
    purchases = sum(int(held_out(window).sum()) for window in windows)
    print(f"{data.config.name}, {len(windows)} validation windows, {purchases:,} purchases")
    print("popularity: " + ", ".join(["ndcg@10 of people warm", "new", *GROUPS]))
    for config in asked.configs:
        changed = config.model_dump(exclude_defaults=True)
        name = " ".join(f"{key}={value}" for key, value in changed.items()) or "defaults"
        print(f"{name}: " + ", ".join(figures(config, data, windows)))


def figures(
    config: PopularityConfig, data: IndexedDataset, windows: tuple[Cut, ...]
) -> Iterator[str]:
    """NDCG@10 of warm and new people, then `nats/top tenth` of each group; means over windows."""
    models = [TimeDecayedPopularity.fit(config, window.train, seed=SEED) for window in windows]
    found = [
        evaluate_policy(Policy((Stage("popular", model),), data.courses), data, window)
        for model, window in zip(models, windows, strict=True)
    ]
    for group in ("warm", "new"):
        values = [value for one in found if (value := one.mean("ndcg@10", group)) is not None]
        yield f"{np.mean(values):.4f}" if values else "-"
    measured = [dict(of_groups(m.share, w)) for m, w in zip(models, windows, strict=True)]
    for group in GROUPS:
        both = [one[group] for one in measured if group in one]
        yield "{:.3f}/{:.3f}".format(*np.mean(both, axis=0)) if both else "-"


def launched_when_first_sold(dataset: Dataset) -> Dataset:
    """Courses first sold over 30 days after the data begins came on sale on that day.

    What was bought of them on the day itself is left out: without it they would not be dated so.
    """
    at, course_id = dataset.purchases[c.PURCHASED_AT], dataset.purchases[c.COURSE_ID]
    first = at.groupby(course_id).min()
    first = first[first > at.min() + pd.Timedelta(days=30)]
    launch = course_id.map(first)
    dates = dataset.courses[c.COURSE_ID].map(first)
    return replace(
        dataset,
        courses=dataset.courses.assign(**{c.ON_SALE_FROM: dates}),
        purchases=dataset.purchases[~(at - launch < pd.Timedelta(days=1))].reset_index(drop=True),
    )


def parsed(text: str) -> PopularityConfig:
    """`half_life_days=60,prior_strength=0`; a value is JSON."""
    pairs = [part.split("=", 1) for part in text.split(",") if text != "defaults"]
    return PopularityConfig.model_validate({key: json.loads(value) for key, value in pairs})


def held_out(window: Cut) -> NDArray[np.int64]:
    """(n_items,) purchases to predict."""
    return np.bincount(window.cases.targets.indices, minlength=window.train.n_items)


def of_groups(share: NDArray[np.float32], window: Cut) -> Iterator[tuple[str, tuple[float, float]]]:
    """Nats over a uniform guess, and the top tenth's share, of each group that sold."""
    train, sold = window.train, held_out(window)
    bought = np.bincount(train.participants.sequence.item_idx, minlength=train.n_items)
    now = train.as_of_s
    on_sale = (train.courses.on_sale_from_s <= now) & (now <= train.courses.on_sale_until_s)
    for name, (low, high) in GROUPS.items():
        inside = (
            on_sale & (bought >= low) & (bought <= (high if high is not None else bought.max()))
        )
        score, purchases = share[inside].astype(float), sold[inside]
        if purchases.sum() == 0 or len(score) < 10:
            continue
        score = np.maximum(score, 1e-9)  # counts give 0 to what was never bought
        gain = purchases @ np.log(score / score.mean()) / purchases.sum()
        best = np.argsort(-score, kind="stable")[: len(score) // 10]
        yield name, (float(gain), float(purchases[best].sum() / purchases.sum()))


if __name__ == "__main__":
    main()
