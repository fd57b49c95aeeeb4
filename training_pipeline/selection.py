"""Which models, with which hyperparameters: compared on the validation cut, never on test."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.indexed import IndexedDataset
from features.split import Cut
from models.policy import Policy, Stage
from models.recipe import Recipe, StageRecipe
from models.recommender import Recommender
from models.registry import MODELS
from training_pipeline.evaluation import MAIN_METRIC, evaluate_policy
from training_pipeline.record import Trial

POPULARITY = "popularity"
PROFILE_POPULARITY = "profile-popularity"
DEFAULT_MODEL = "sequence-ridge"

# One pass of coordinate search: from the model's defaults each line is tried in order, and the best
# value is kept. The values are the usual grids of the papers that the models cite.
SEARCH: dict[str, tuple[tuple[str, tuple[Any, ...]], ...]] = {
    POPULARITY: (("half_life_days", (7.0, 15.0, 90.0, None)),),
    PROFILE_POPULARITY: (
        ("half_life_days", (15.0, None)),
        ("token_strength", (500.0, 30_000.0)),
    ),
    "item-neighbours": (("weighting", ("bm25",)),),
    "als": (("regularization", (10.0,)), ("alpha", (3.0, 30.0))),
    "ease": (
        ("l2", (100.0, 1_000.0, 3_000.0)),
        ("l2_diagonal", (0.1, 0.3)),
        ("min_purchases", (20,)),
        ("trend_power", (0.5,)),
        ("neighbour_weight", (0.05,)),
        ("token_weight", (3.0,)),
    ),
    "sequence-ridge": (
        ("set_weight", (0.3, 3.0, 30.0)),
        ("past_decay", (0.9, 1.0)),
        ("l2", (10.0, 100.0, 300.0, 1_000.0)),
        ("length_power", (0.0, 1.0)),
        ("future_decay", (0.8,)),
        ("trend_power", (0.5,)),
        ("popularity_power", (0.0, 0.2)),
        ("token_weight", (0.5, 2.0)),
    ),
}
AUTO = ("item-neighbours", "ease", "sequence-ridge")


@dataclass(frozen=True)
class Tried:
    """A configuration and how it did; None where the cut has no such participants."""

    model: str
    config: dict[str, Any]
    warm: float | None
    new: float | None
    new_cases: NDArray[np.float32]  # the metric of each decision of somebody new
    seconds: float
    fitted: Recommender | None  # kept for popularity only: it stands behind every other model


@dataclass(frozen=True)
class Selection:
    """The recipe that was chosen, and everything it was chosen from."""

    recipe: Recipe
    trials: tuple[Trial, ...]


def select(
    data: IndexedDataset,
    cut: Cut,
    *,
    names: Sequence[str],
    fixed: dict[str, dict[str, Any]],
    memory_mb: int,
    seed: int,
    advance: Callable[[], object] = lambda: None,
) -> Selection:
    """Choose each stage's model on the validation cut.

    Args:
        data: the indexed dataset.
        cut: the validation cut.
        names: models that may answer for people with a history.
        fixed: hyperparameters given by the operator; a model named here is not searched.
        memory_mb: bound of a closed-form solve while comparing; the final fits use the models' own.
        seed: for models and sampling.
        advance: called after each fit.
    """

    def attempt(name: str, config: dict[str, Any], last: Recommender | None) -> Tried:
        started = time.perf_counter()
        kind = MODELS[name]
        bound = {"memory_mb": memory_mb} if "memory_mb" in kind.config_type.model_fields else {}
        typed = kind.config_type.model_validate({**bound, **config})
        model = kind.fit(typed, cut.train, seed=seed)
        stages = [Stage("popular", last or model)]
        if last is not None:
            stages = [Stage("history", model), Stage("profile", model), *stages]
        found = evaluate_policy(Policy(tuple(stages), data.courses), data, cut)
        advance()
        kept = model if last is None else None
        return Tried(
            name,
            config,
            warm=found.mean(MAIN_METRIC, "warm"),
            new=found.mean(MAIN_METRIC, "new"),
            new_cases=found.cases[MAIN_METRIC].to_numpy(np.float32)[found.groups["new"]],
            seconds=time.perf_counter() - started,
            fitted=kept,
        )

    def search(name: str, last: Recommender | None, goal: Callable[[Tried], float]) -> list[Tried]:
        tried = [attempt(name, fixed.get(name, {}), last)]
        for parameter, values in () if name in fixed else SEARCH.get(name, ()):
            best = max(tried, key=goal)
            tried += [attempt(name, {**best.config, parameter: value}, last) for value in values]
        return tried

    popular = search(POPULARITY, None, lambda t: t.new if t.new is not None else t.warm or 0.0)
    base = max(popular, key=lambda t: t.new if t.new is not None else t.warm or 0.0)
    known: list[Tried] = []
    for name in names:
        known += search(name, base.fitted, lambda t: t.warm if t.warm is not None else t.new or 0.0)
    has_tokens = cut.train.vocabulary.n_tokens > 0
    profiled = search(PROFILE_POPULARITY, base.fitted, lambda t: t.new or 0.0) if has_tokens else []
    return _chosen(popular, base, known, profiled)


def count_fits(names: Sequence[str], fixed: dict[str, dict[str, Any]], *, has_tokens: bool) -> int:
    """How many fits `select` makes."""
    every = [POPULARITY, *names, *([PROFILE_POPULARITY] if has_tokens else [])]
    return sum(
        1 + (0 if name in fixed else sum(len(values) for _, values in SEARCH.get(name, ())))
        for name in every
    )


def untried_recipe(names: Sequence[str], fixed: dict[str, dict[str, Any]]) -> Recipe:
    """Defaults, for data too small to hold anything out."""
    name = DEFAULT_MODEL if DEFAULT_MODEL in names else names[0]
    config = fixed.get(name, {})
    main = [StageRecipe(source="history", model=name, config=config)]
    if "profile" in MODELS[name].uses:
        main.append(StageRecipe(source="profile", model=name, config=config))
    last = StageRecipe(source="popular", model=POPULARITY, config=fixed.get(POPULARITY, {}))
    return Recipe(stages=(*main, last))


def _chosen(
    popular: list[Tried], base: Tried, known: list[Tried], profiled: list[Tried]
) -> Selection:
    """History: best on warm participants. Profile: see `_newcomer`."""
    main = max(known, key=lambda t: t.warm if t.warm is not None else t.new or 0.0)
    stages = [StageRecipe(source="history", model=main.model, config=main.config)]
    newcomer = _newcomer(base, main, known, profiled)
    if newcomer is not None:
        stages.append(StageRecipe(source="profile", model=newcomer.model, config=newcomer.config))
    stages.append(StageRecipe(source="popular", model=POPULARITY, config=base.config))
    trials = [
        *(_trial("popular", t, chosen=t is base) for t in popular),
        *(_trial("history", t, chosen=t is main) for t in known),
        *(_trial("profile", t, chosen=t is newcomer) for t in profiled),
        *([_trial("profile", newcomer, chosen=True)] if any(t is newcomer for t in known) else []),
    ]
    return Selection(Recipe(stages=tuple(stages)), tuple(trials))


def _newcomer(base: Tried, main: Tried, known: list[Tried], profiled: list[Tried]) -> Tried | None:
    """Who answers for a profile without a history: the main model where it can, since one model is
    simpler than two, unless another is better on new participants beyond two standard errors of
    the paired difference. Nobody where popularity is as good.
    """
    if not profiled:
        return None
    able = [t for t in (*known, *profiled) if "profile" in MODELS[t.model].uses]
    simple = main if "profile" in MODELS[main.model].uses else profiled[0]
    if base.new is None:
        return simple
    best = max(able, key=lambda t: t.new or 0.0)
    chosen = best if clearly_better(best.new_cases, simple.new_cases) else simple
    return chosen if (chosen.new or 0.0) > base.new else None


def clearly_better(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> bool:
    """Whether the mean of paired values is higher beyond two standard errors of the difference."""
    difference = ours.astype(np.float64) - theirs
    error = difference.std() / max(np.sqrt(len(difference)), 1.0)
    return bool(difference.mean() > 2 * error)


def _trial(stage: str, tried: Tried, *, chosen: bool) -> Trial:
    score = tried.warm if stage == "history" else tried.new
    other = tried.new if stage == "history" else tried.warm
    value = score if score is not None else other or 0.0
    return Trial(stage, tried.model, tried.config, value, tried.seconds, chosen)
