"""How far the models of `saldopas train` can get on Ta-Feng's February at all, and why no further.

    python -m benchmarks.tafeng_limit DIR              # DIR: of `saldopas import tafeng --out DIR`
    python -m benchmarks.tafeng_limit DIR --months     # the first table alone

First, each month predicted from those before it: by popularity of several half-lives, by EASE of
several penalties, and by the month's own popularity, which nobody can know. Then the search and
the weights of the blend, as in training, each decided on one of two windows: the validation
months, as in life, or February itself, as nobody may. What that reaches is no result: it says which
figures are out of reach of these models by choosing better, and how much of the gap is a choice
that the months before February do not show.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from saldopas.features.encoding.indexed import IndexedDataset, index_dataset
from saldopas.features.splits.split import Cut, earlier_windows, make_cuts
from saldopas.features.tables.dataset import read_dataset
from saldopas.models.policy.policy import Policy, Stage
from saldopas.models.policy.recipe import Recipe, StageRecipe
from saldopas.models.recommenders.popularity import TimeDecayedPopularity
from saldopas.training_pipeline.console import print_table, progress
from saldopas.training_pipeline.evaluating.evaluation import (
    Evaluation,
    evaluate_policy,
    gains_of_lists,
)
from saldopas.training_pipeline.training.config import TrainingConfig, read_training_config
from saldopas.training_pipeline.training.selection import AUTO, count_fits, select

from benchmarks.real import CONFIGS

METRICS = ("recall@20", "ndcg@20")
MONTHS = ("December", "January", "February")
HALF_LIVES = (7.0, 15.0, 30.0, 90.0, None)
PENALTIES = (300.0, 1_000.0, 3_000.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--months", action="store_true", help="only months beside each other")
    asked = parser.parse_args()
    config = read_training_config(CONFIGS / "tafeng.toml")
    data = index_dataset(read_dataset(asked.data))
    cuts = make_cuts(data, config.split, seed=config.seed)
    if cuts is None:
        raise ValueError("too little was bought to hold anything out")
    earlier = (cuts[0], *earlier_windows(data, config.split, cuts, seed=config.seed))
    months(data, (*reversed(earlier), cuts[1]), seed=config.seed)
    if not asked.months:
        choices(data, earlier, cuts[1], config)


def months(data: IndexedDataset, windows: tuple[Cut, ...], *, seed: int) -> None:
    recipes = {
        f"popularity {half_life or 'all'}": Recipe(stages=(_popular(half_life_days=half_life),))
        for half_life in HALF_LIVES
    } | {
        f"EASE {l2:,.0f}": Recipe(
            stages=(
                StageRecipe(source="history", model="ease", config=_ease(l2)),
                StageRecipe(source="profile", model="ease", config=_ease(l2)),
                _popular(half_life_days=90.0),
            )
        )
        for l2 in PENALTIES
    }
    rows = []
    found: dict[tuple[str, str], Evaluation] = {}
    for month, window in zip(MONTHS, windows, strict=True):
        for name, recipe in recipes.items():
            found[month, name] = evaluate_policy(recipe.fit(window.train, seed=seed), data, window)
        found[month, "its own"] = evaluate_policy(_told(window), data, window)
    for name in dict.fromkeys(name for _, name in found):
        for group in ("warm", "new"):
            figures = [
                f"{found[month, name].mean(metric, group):.4f}"
                for month in MONTHS
                for metric in METRICS
            ]
            rows.append((name, group, *figures))
    heads = [f"{month[:3]} {short}" for month in MONTHS for short in ("R", "N")]
    print_table(
        "R@20 and NDCG@20 of each month, by half-life in days, by lambda, by the month itself",
        ("model", "people", *heads),
        rows,
    )
    short, long = (f"popularity {half_life}" for half_life in ("7.0", "all"))
    for month, window in zip(MONTHS, windows, strict=True):
        one, other = (
            gains_of_lists(
                found[month, name].lists,
                window.cases,
                np.ones(window.cases.n_cases, np.bool_),
            )
            for name in (short, long)
        )
        by_course = one.by_course - other.by_course
        rests_on = by_course.sum() ** 2 / np.square(by_course).sum()
        gain = (one.mean or 0.0) - (other.mean or 0.0)
        print(f"{month}: a half-life of 7 days: NDCG@10 {gain:+.4f}, on {rests_on:.1f} courses")


def choices(
    data: IndexedDataset, earlier: tuple[Cut, ...], test: Cut, config: TrainingConfig
) -> None:
    rows = []
    fits = count_fits(AUTO, {}, has_tokens=True)
    for name, windows in (("the months before", earlier), ("February itself", (test,))):
        for blend in (True, False):
            with progress(f"chosen on {name}", total=fits) as advance:
                found = select(
                    data,
                    windows,
                    names=AUTO,
                    fixed={},
                    memory_mb=config.search_memory_mb,
                    seed=config.seed,
                    blend=blend,
                    advance=advance,
                )
            policy = found.recipe.fit(test.train, seed=config.seed)
            evaluation = evaluate_policy(policy, data, test)
            chosen = "; ".join(dict.fromkeys(stage.model for stage in found.recipe.stages))
            rows += [
                (name, chosen, group, *(evaluation.mean(metric, group) for metric in METRICS))
                for group in ("warm", "new")
            ]
    print_table("Ta-Feng, February", ("chosen on", "recipe", "people", *METRICS), rows)


def _popular(**config: float | None) -> StageRecipe:
    return StageRecipe(source="popular", model="popularity", config=config)


def _ease(l2: float) -> dict[str, float]:
    return {"l2": l2, "min_purchases": 20}


def _told(window: Cut) -> Policy:
    """The same list for everybody, by what the window itself holds."""
    share = np.asarray(window.cases.targets.sum(axis=0), np.float32)
    fitted = TimeDecayedPopularity(TimeDecayedPopularity.config_type(), share / share.sum())
    return Policy((Stage("popular", fitted),), window.train.courses)


if __name__ == "__main__":
    main()
