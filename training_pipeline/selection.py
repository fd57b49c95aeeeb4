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
from training_pipeline.evaluation import MAIN_METRIC, Evaluation, evaluate_policy
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
    """A configuration and how it did over all windows; None where nobody was of that kind."""

    model: str
    config: dict[str, Any]
    warm: float | None
    new: float | None
    new_cases: NDArray[np.float32]  # the metric of each decision of somebody new
    seconds: float
    fitted: tuple[Recommender, ...]  # one a window; kept for popularity only

    @property
    def for_history(self) -> float:
        """What a model is chosen by that answers for people with a history."""
        return self.warm if self.warm is not None else self.new or 0.0

    @property
    def for_everybody(self) -> float:
        """What popularity is chosen by: above all it answers for new people."""
        return self.new if self.new is not None else self.warm or 0.0


@dataclass(frozen=True)
class Selection:
    """The recipe that was chosen, and everything it was chosen from."""

    recipe: Recipe
    trials: tuple[Trial, ...]


@dataclass(frozen=True)
class Comparison:
    """Fits and measures configurations on every validation window.

    Attributes:
        windows: validation cuts; a figure is the mean over them.
        memory_mb: bound of a closed-form solve while comparing.
        advance: called after each configuration.
    """

    data: IndexedDataset
    windows: tuple[Cut, ...]
    fixed: dict[str, dict[str, Any]]
    memory_mb: int
    seed: int
    advance: Callable[[], object]

    def search(
        self, name: str, behind: Tried | None, goal: Callable[[Tried], float]
    ) -> list[Tried]:
        """One pass of coordinate search over the lines of `SEARCH`."""
        tried = [self.attempt(name, self.fixed.get(name, {}), behind)]
        for parameter, values in () if name in self.fixed else SEARCH.get(name, ()):
            best = max(tried, key=goal)
            tried += [self.attempt(name, {**best.config, parameter: v}, behind) for v in values]
        return tried

    def attempt(
        self,
        name: str,
        config: dict[str, Any],
        behind: Tried | None,
        *,
        after_window: Callable[[Evaluation], object] = lambda found: None,
    ) -> Tried:
        """One configuration, with popularity `behind` it for what it does not know.

        `after_window` is called with what was measured on each window; it may raise to stop here.
        """
        started = time.perf_counter()
        kind = MODELS[name]
        bound = (
            {"memory_mb": self.memory_mb} if "memory_mb" in kind.config_type.model_fields else {}
        )
        typed = kind.config_type.model_validate({**bound, **config})
        fitted, found = [], []
        for place, window in enumerate(self.windows):
            model = kind.fit(typed, window.train, seed=self.seed)
            stages = [Stage("popular", behind.fitted[place] if behind else model)]
            if behind:
                stages = [Stage("history", model), Stage("profile", model), *stages]
            policy = Policy(tuple(stages), self.data.courses)
            found.append(evaluate_policy(policy, self.data, window))
            fitted += [] if behind else [model]
            after_window(found[-1])
        self.advance()
        return Tried(
            name,
            config,
            warm=_mean([one.mean(MAIN_METRIC, "warm") for one in found]),
            new=_mean([one.mean(MAIN_METRIC, "new") for one in found]),
            new_cases=np.concatenate(
                [one.cases[MAIN_METRIC].to_numpy(np.float32)[one.groups["new"]] for one in found]
            ),
            seconds=time.perf_counter() - started,
            fitted=tuple(fitted),
        )


def select(
    data: IndexedDataset,
    windows: Sequence[Cut],
    *,
    names: Sequence[str],
    fixed: dict[str, dict[str, Any]],
    memory_mb: int,
    seed: int,
    one_model: bool = False,
    advance: Callable[[], object] = lambda: None,
) -> Selection:
    """Choose each stage's model on the validation windows.

    Args:
        data: the indexed dataset.
        windows: validation cuts, at least one.
        names: models that may answer for people with a history.
        fixed: hyperparameters given by the operator; a model named here is not searched.
        memory_mb: bound of a closed-form solve while comparing; the final fits use the models' own.
        seed: for models and sampling.
        one_model: the model for people with a history also answers for newcomers, if it can.
        advance: called after each configuration.
    """
    compare = Comparison(data, tuple(windows), fixed, memory_mb, seed, advance)
    popular = compare.search(POPULARITY, None, lambda tried: tried.for_everybody)
    base = max(popular, key=lambda tried: tried.for_everybody)
    known = [
        tried
        for name in names
        for tried in compare.search(name, base, lambda tried: tried.for_history)
    ]
    profiled: list[Tried] = []
    if windows[0].train.vocabulary.n_tokens > 0:
        profiled = compare.search(PROFILE_POPULARITY, base, lambda tried: tried.new or 0.0)
    return _chosen(popular, base, known, profiled, one_model=one_model)


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
    popular: list[Tried],
    base: Tried,
    known: list[Tried],
    profiled: list[Tried],
    *,
    one_model: bool,
) -> Selection:
    """History: best on warm participants. Profile: see `_newcomer`."""
    main = max(known, key=lambda tried: tried.for_history)
    stages = [StageRecipe(source="history", model=main.model, config=main.config)]
    newcomer = _newcomer(base, main, known, profiled)
    if one_model and "profile" in MODELS[main.model].uses:
        newcomer = main
    if newcomer is not None:
        stages.append(StageRecipe(source="profile", model=newcomer.model, config=newcomer.config))
    stages.append(StageRecipe(source="popular", model=POPULARITY, config=base.config))
    trials = [
        *(_trial("popular", t, chosen=t is base) for t in popular),
        *(_trial("history", t, chosen=t is main) for t in known),
        *(_trial("profile", t, chosen=t is newcomer) for t in profiled),
        *(_trial("profile", t, chosen=True) for t in known if t is newcomer),
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
    if len(ours) == 0:
        return False
    difference = ours.astype(np.float64) - theirs
    error = difference.std() / np.sqrt(len(difference))
    return bool(difference.mean() > 2 * error)


def _mean(values: Sequence[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return sum(present) / len(present) if present else None


def _trial(stage: str, tried: Tried, *, chosen: bool) -> Trial:
    score = tried.warm if stage == "history" else tried.new
    other = tried.new if stage == "history" else tried.warm
    value = score if score is not None else other or 0.0
    return Trial(stage, tried.model, tried.config, value, tried.seconds, chosen)
