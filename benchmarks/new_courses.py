"""What a popularity model says of courses that nobody, few or many bought, on validation windows.

    python -m benchmarks.new_courses DIR [--windows 3] [--test-from 2001-02-01] prior_strength=0 ...

Each further argument is one configuration: `key=value,key=value` of `PopularityConfig`, `defaults`
for none. Test is never read. Of the courses on sale at the cut, by how often they were bought
before: the log-likelihood a purchase that was held out gains over a uniform guess within the group
(nats), and the share of those purchases that went to the tenth of the group with the best scores.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from features.dataset import read_dataset
from features.indexed import index_dataset
from features.split import Cut, SplitConfig, earlier_windows, make_cuts
from models.policy import Policy, Stage
from models.popularity import PopularityConfig, TimeDecayedPopularity
from training_pipeline.console import print_table
from training_pipeline.evaluation import evaluate_policy

GROUPS = {"bought 0": (0, 0), "1 to 20": (1, 20), "over 20": (21, None), "all": (0, None)}
SEED = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory")
    parser.add_argument("configs", nargs="+", type=parsed)
    parser.add_argument("--windows", type=int, default=3)
    parser.add_argument("--test-from", type=datetime.fromisoformat)
    asked = parser.parse_args()
    data = index_dataset(read_dataset(asked.directory))
    split = SplitConfig(validation_windows=asked.windows, test_from=asked.test_from)
    cuts = make_cuts(data, split, seed=SEED)
    if cuts is None:
        parser.error("too little was bought to hold anything out")
    windows = (cuts[0], *earlier_windows(data, split, cuts, seed=SEED))
    rows = []
    for config in asked.configs:
        changed = config.model_dump(exclude_defaults=True)
        name = " ".join(f"{key}={value}" for key, value in changed.items()) or "defaults"
        models = [TimeDecayedPopularity.fit(config, window.train, seed=SEED) for window in windows]
        found = [
            evaluate_policy(Policy((Stage("popular", model),), data.courses), data, window)
            for model, window in zip(models, windows, strict=True)
        ]
        for group in ("warm", "new"):
            values = [value for one in found if (value := one.mean("ndcg@10", group)) is not None]
            if values:
                rows.append((name, f"people: {group}", "ndcg@10", float(np.mean(values)), ""))
        measured = [dict(of_groups(m.share, w)) for m, w in zip(models, windows, strict=True)]
        for group in GROUPS:
            both = [one[group] for one in measured if group in one]
            if both:
                gain, top = np.mean(both, axis=0)
                rows.append((name, f"courses: {group}", "nats, top tenth", gain, f"{top:.3f}"))
    purchases = [int(held_out(window).sum()) for window in windows]
    print_table(
        f"{data.config.name}, {len(windows)} validation windows, purchases {purchases}",
        ("popularity", "of", "figure", "value", ""),
        rows,
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
