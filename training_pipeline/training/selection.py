"""Which models, with which hyperparameters: compared on the validation cut, never on test."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from saldopas.features.encoding.batch import TrainingSet
from saldopas.features.encoding.indexed import IndexedDataset
from saldopas.features.splits.split import Cut
from saldopas.models.policy.policy import Source
from saldopas.models.policy.recipe import Recipe, StageRecipe
from saldopas.models.recommenders.blend import Blend
from saldopas.models.recommenders.closed_form import inputs_to_keep
from saldopas.models.recommenders.registry import MODELS
from saldopas.training_pipeline.training.blending import BlendLevel, learn_weights, shortlists
from saldopas.training_pipeline.training.comparing import SEARCH, Comparison, Tried
from saldopas.training_pipeline.training.record import Trial

POPULARITY = "popularity"
PROFILE_POPULARITY = "profile-popularity"

AUTO = ("item-neighbours", "ease", "sequence-ridge")
BESIDE_A_CUT = "als"
MOST_LEFT_OUT = 0.1  # of the purchases, by the closed forms


@dataclass(frozen=True)
class Selection:
    """The recipe that was chosen, and everything it was chosen from."""

    recipe: Recipe
    trials: tuple[Trial, ...]
    blend: tuple[BlendLevel, ...] = ()


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


def auto_names(train: TrainingSet, *, memory_mb: int) -> tuple[str, ...]:
    """Models that `auto` compares: `AUTO`, and `als` where the closed forms are cut.

    Rule: they rank the courses that `memory_mb` of a fit has room for, the most bought first. Where
    more than a tenth of the purchases are of other courses, the factor model, which ranks them all
    in memory that grows with the catalogue and not with its square, is compared as well.
    """
    kept = inputs_to_keep(train, min_purchases=1, memory_mb=memory_mb).items
    bought = np.bincount(train.participants.sequence.item_idx, minlength=train.n_items)
    cut = bought.sum() - bought[kept].sum() > MOST_LEFT_OUT * bought.sum()
    return (*AUTO, BESIDE_A_CUT) if cut else AUTO


def count_fits(names: Sequence[str], fixed: dict[str, dict[str, Any]], *, has_tokens: bool) -> int:
    """How many fits `select` makes."""
    every = [POPULARITY, *names, *([PROFILE_POPULARITY] if has_tokens else [])]
    return sum(
        1 + (0 if name in fixed else sum(len(values) for _, values in SEARCH.get(name, ())))
        for name in every
    )


def untried_recipe(name: str, fixed: dict[str, dict[str, Any]]) -> Recipe:
    """One model with its defaults, for data too small to hold anything out."""
    stages = _stages(name, fixed.get(name, {}), MODELS[name].uses)
    last = StageRecipe(source="popular", model=POPULARITY, config=fixed.get(POPULARITY, {}))
    return Recipe(stages=(*stages, last))


def _stages(model: str, config: dict[str, Any], reads: Collection[str]) -> list[StageRecipe]:
    """A stage of the model for each source that it reads; popularity, which reads none, is last
    anyway.
    """
    sources: tuple[Source, ...] = ("history", "profile")
    return [
        StageRecipe(source=source, model=model, config=config)
        for source in sources
        if source in reads
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
    return _stages(model, config, reads)


def _lone_stages(main: Tried, profiled: list[Tried], base: Tried) -> list[StageRecipe]:
    """The main model for newcomers too where it can, else profile popularity if it is better."""
    stages = _stages(main.model, main.config, MODELS[main.model].uses)
    able = [tried for tried in (main, *profiled[:1]) if "profile" in MODELS[tried.model].uses]
    better = able and (base.means["new"] is None or able[0].score("new") > base.score("new"))
    stages = [stage for stage in stages if stage.source == "history" or better]
    if better and able[0] is not main and stages:
        stages += [StageRecipe(source="profile", model=able[0].model, config=able[0].config)]
    return stages


def _trial(stage: str, tried: Tried, *, chosen: bool) -> Trial:
    value = tried.score("warm" if stage == "history" else "new")
    return Trial(stage, tried.model, tried.config, value, tried.seconds, chosen, tried.place)
