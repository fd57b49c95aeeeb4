"""Which models, with which hyperparameters: compared on the validation cut, never on test."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from features.indexed import IndexedDataset
from features.split import Cut
from models.blend import Blend
from models.policy import Policy, Source, Stage
from models.recipe import Recipe, StageRecipe
from models.recommender import Recommender
from models.registry import MODELS
from training_pipeline.blending import BlendLevel, learn_weights, shortlists
from training_pipeline.evaluation import MAIN_METRIC, Evaluation, evaluate_policy
from training_pipeline.gains import Gains, gains_of_lists
from training_pipeline.record import Trial
from training_pipeline.search_grid import SEARCH

Group = Literal["warm", "new"]  # people with an earlier purchase, and without
GROUPS: tuple[Group, ...] = ("warm", "new")
OTHER_GROUP: dict[Group, Group] = {"warm": "new", "new": "warm"}
POPULARITY = "popularity"
PROFILE_POPULARITY = "profile-popularity"
DEFAULT_MODEL = "sequence-ridge"

AUTO = ("item-neighbours", "ease", "sequence-ridge")


@dataclass(frozen=True)
class Tried:
    """A configuration and how it did over all windows.

    Attributes:
        model, config: what was tried.
        means: mean over the windows of the metric of each group; None where nobody is in it.
        gains: the metric of every decision of each group, and what each course adds to it.
        seconds: how long it took.
        fitted: one a window; kept for the best of each model only.
        place: order in the search of its model, from 1.
    """

    model: str
    config: dict[str, Any]
    means: dict[Group, float | None]
    gains: dict[Group, Gains]
    seconds: float
    fitted: tuple[Recommender, ...]
    place: int = 1

    def score(self, group: Group) -> float:
        """The mean of a group, of the other one where nobody is in it."""
        mean, other = self.means[group], self.means[OTHER_GROUP[group]]
        return mean if mean is not None else other or 0.0

    def gains_of(self, group: Group) -> Gains:
        """The gains of a group, of the other one where nobody is in it."""
        return self.gains[group if self.gains[group].n_decisions else OTHER_GROUP[group]]

    def clearly_beats(self, other: Tried, group: Group) -> bool:
        """Whether it is better on a group beyond the noise of people and of courses."""
        return self.gains_of(group).clearly_above(other.gains_of(group))


@dataclass(frozen=True)
class Selection:
    """The recipe that was chosen, and everything it was chosen from."""

    recipe: Recipe
    trials: tuple[Trial, ...]
    blend: tuple[BlendLevel, ...] = ()


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

    def search(self, name: str, behind: Tried | None, group: Group) -> list[Tried]:
        """One pass of coordinate search over the lines of `SEARCH`, the best one first.

        The best value of a line is taken only where it is clearly better on the group than what was
        best before: what noise prefers is not better than the default.
        """
        best = self.attempt(name, self.fixed.get(name, {}), behind)
        others: list[Tried] = []
        for parameter, values in () if name in self.fixed else SEARCH.get(name, ()):
            line = [
                replace(self.attempt(name, {**best.config, parameter: v}, behind), place=place)
                for place, v in enumerate(values, start=len(others) + 2)
            ]
            first = max(line, key=lambda tried: tried.score(group))
            if first.clearly_beats(best, group):
                line = [best, *(tried for tried in line if tried is not first)]
                best = first
            others += [replace(tried, fitted=()) for tried in line]
        return [best, *others]

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
            fitted.append(model)
            after_window(found[-1])
        self.advance()
        return Tried(
            name,
            config,
            means={
                group: _mean([one.mean(MAIN_METRIC, group) for one in found]) for group in GROUPS
            },
            gains={group: self._gains(found, group) for group in GROUPS},
            seconds=time.perf_counter() - started,
            fitted=tuple(fitted),
        )

    def _gains(self, found: Sequence[Evaluation], group: Group) -> Gains:
        return Gains.joined(
            [
                gains_of_lists(one.lists, window.cases, one.groups[group])
                for one, window in zip(found, self.windows, strict=True)
            ]
        )


def select(
    data: IndexedDataset,
    windows: Sequence[Cut],
    *,
    names: Sequence[str],
    fixed: dict[str, dict[str, Any]],
    memory_mb: int,
    seed: int,
    blend: bool = True,
    advance: Callable[[], object] = lambda: None,
) -> Selection:
    """Choose what answers on the validation windows.

    Args:
        data: the indexed dataset.
        windows: validation cuts, at least one.
        names: models that may answer for people with a history.
        fixed: hyperparameters given by the operator; a model named here is not searched.
        memory_mb: bound of a closed-form solve while comparing; the final fits use the models' own.
        seed: for models and sampling.
        blend: weigh the best of each model by history length; else the best one answers alone.
        advance: called after each configuration.
    """
    compare = Comparison(data, tuple(windows), fixed, memory_mb, seed, advance)
    popular = compare.search(POPULARITY, None, "new")  # it answers above all for new people
    base = popular[0]
    known = [compare.search(name, base, "warm") for name in names]
    profiled: list[Tried] = []
    if windows[0].train.vocabulary.n_tokens > 0:
        profiled = compare.search(PROFILE_POPULARITY, base, "new")
    main = max((tried[0] for tried in known), key=lambda tried: tried.score("warm"))
    levels: tuple[BlendLevel, ...] = ()
    if blend:
        best = [base, *profiled[:1], *(tried[0] for tried in known)]
        levels = blended(data, windows, best, base)
        stages = blend_stages(best, levels, has_tokens=bool(profiled))
    else:
        stages = _lone_stages(main, profiled, base)
    used = {name for stage in stages for name in stage.model_names}
    stages.append(StageRecipe(source="popular", model=POPULARITY, config=base.config))
    recipe = Recipe(stages=tuple(stages))
    trials = [
        _trial(stage, tried, chosen=tried.model in used and tried is found[0])
        for stage, searches in (("popular", [popular]), ("history", known), ("profile", [profiled]))
        for found in searches
        for tried in found
    ]
    return Selection(recipe, tuple(trials), levels)


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
    stages = _own_stages(name, fixed.get(name, {}))
    last = StageRecipe(source="popular", model=POPULARITY, config=fixed.get(POPULARITY, {}))
    return Recipe(stages=(*stages, last))


def _own_stages(model: str, config: dict[str, Any]) -> list[StageRecipe]:
    """What the model itself looks at, so nothing for popularity, which answers last anyway."""
    sources: tuple[Source, ...] = ("history", "profile")
    return [
        StageRecipe(source=source, model=model, config=config)
        for source in sources
        if source in MODELS[model].uses
    ]


def blended(
    data: IndexedDataset, windows: Sequence[Cut], best: Sequence[Tried], base: Tried
) -> tuple[BlendLevel, ...]:
    """The weights of the best of each model, level by level; see `blending.learn_weights`."""
    found = [
        shortlists(data, window, [tried.fitted[place] for tried in best], base.fitted[place])
        for place, window in enumerate(windows)
    ]
    return learn_weights(found, [tried.model for tried in best])


def blend_stages(
    best: Sequence[Tried], levels: tuple[BlendLevel, ...], *, has_tokens: bool
) -> list[StageRecipe]:
    """One model where one is enough, else the blend, which asks each level's own models.

    A stage answers only rows for which a model with a weight reads what the stage is of; all
    others, newcomers whose level is popularity alone among them, are answered by popularity.
    """
    new_people, *others = ({part.model for part in level.parts} for level in levels)
    plain = new_people == {POPULARITY}
    used = set.union(*others) if plain else set.union(new_people, *others)
    if used == {POPULARITY}:
        return []  # the last stage says the same, and calls it what it is
    reads = {source for name in used for source in MODELS[name].uses}
    if not has_tokens:
        reads -= {"profile"}
    if len(used) == 1 and (not plain or "history" in reads):
        (alone,) = (tried for tried in best if tried.model in used)
        model, config = alone.model, alone.config
        reads &= {"history"} if plain else reads
    else:
        members = [tried for tried in best if tried.model in used | new_people]
        model = Blend.name
        config = {
            "members": [{"model": tried.model, "config": tried.config} for tried in members],
            "weights": [[level.weight_of(tried.model) for tried in members] for level in levels],
        }
    sources: tuple[Source, ...] = ("history", "profile")
    return [
        StageRecipe(source=source, model=model, config=config)
        for source in sources
        if source in reads
    ]


def _lone_stages(main: Tried, profiled: list[Tried], base: Tried) -> list[StageRecipe]:
    """The main model for newcomers too where it can, else profile popularity if it is better."""
    stages = _own_stages(main.model, main.config)
    able = [tried for tried in (main, *profiled[:1]) if "profile" in MODELS[tried.model].uses]
    better = able and (base.means["new"] is None or able[0].score("new") > base.score("new"))
    stages = [stage for stage in stages if stage.source == "history" or better]
    if better and able[0] is not main and stages:
        stages += [StageRecipe(source="profile", model=able[0].model, config=able[0].config)]
    return stages


def _mean(values: Sequence[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return sum(present) / len(present) if present else None


def _trial(stage: str, tried: Tried, *, chosen: bool) -> Trial:
    value = tried.score("warm" if stage == "history" else "new")
    return Trial(stage, tried.model, tried.config, value, tried.seconds, chosen, tried.place)
