"""Models are chosen on validation only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from features.errors import DataError
from features.split import Cut, make_cuts
from features.split_config import SplitConfig
from models.registry import MODELS
from tests.small_world import SmallWorld
from training_pipeline.blending import LEVELS, BlendLevel, BlendPart
from training_pipeline.search_grid import SEARCH
from training_pipeline.selection import (
    AUTO,
    Selection,
    Tried,
    blend_stages,
    count_fits,
    select,
    untried_recipe,
)
from training_pipeline.train import popularity_only
from training_pipeline.training_config import read_training_config


def choose(world: SmallWorld, cut: Cut, names: tuple[str, ...]) -> tuple[Selection, int]:
    calls: list[int] = []
    found = select(
        world.data,
        (cut,),
        names=names,
        fixed={name: {} for name in ("item-neighbours", "sequence-ridge")},
        memory_mb=100,
        seed=7,
        advance=lambda: calls.append(1),
    )
    return found, len(calls)


def test_every_searched_value_is_a_valid_hyperparameter() -> None:
    for name, lines in SEARCH.items():
        for parameter, values in lines:
            for value in values:
                config = MODELS[name].config_type.model_validate({parameter: value})
                assert getattr(config, parameter) == value


def test_the_number_of_fits_is_told_beforehand(small_world: SmallWorld) -> None:
    names = ("item-neighbours", "sequence-ridge")
    fixed = {name: {} for name in names}
    _, made = choose(small_world, small_world.cuts[0], names)
    assert made == count_fits(names, fixed, has_tokens=True)


def test_the_choice_does_not_look_at_test(small_world: SmallWorld) -> None:
    """Whatever is bought from the test cut on, the same is chosen, by the same figures."""
    names = ("item-neighbours", "sequence-ridge")
    data, (validation, test) = small_world.data, small_world.cuts
    later = data.events.at_s >= test.train.as_of_s
    other = np.where(later, (data.events.item_idx + 1) % data.courses.n_items, data.events.item_idx)
    changed = replace(data, events=replace(data.events, item_idx=other.astype(np.int32)))
    cuts = make_cuts(changed, SplitConfig(), seed=7)
    assert cuts is not None
    assert later.sum() > 50
    assert cuts[1].cases.targets.indices.tolist() != test.cases.targets.indices.tolist()
    first, _ = choose(small_world, validation, names)
    second, _ = choose(replace(small_world, data=changed), cuts[0], names)
    assert first.recipe == second.recipe
    assert [one.score for one in first.trials] == [one.score for one in second.trials]
    assert first.recipe.stages[-1].source == "popular"


def test_a_model_that_only_newcomers_would_ask_leaves_no_empty_row() -> None:
    """Popularity is best for newcomers, and has no weight for those with a history."""
    tried = [Tried(name, {}, {}, {}, 0.0, ()) for name in ("popularity", "item-neighbours", "ease")]
    weights = {"popularity": (1, 0), "item-neighbours": (0, 0.3), "ease": (0, 1)}
    levels = tuple(
        BlendLevel(
            purchases=level,
            cases=9,
            people=9,
            together=None,
            parts=tuple(
                BlendPart(name, of[level > 0], None)
                for name, of in weights.items()
                if of[level > 0]
            ),
        )
        for level in range(LEVELS)
    )
    (stage,) = blend_stages(tried, levels, has_tokens=True)
    assert (stage.source, stage.model_names) == ("history", ("item-neighbours", "ease"))
    assert stage.config["weights"] == [[0.3, 1]] * LEVELS


def test_without_a_cut_the_defaults_end_in_popularity() -> None:
    recipe = untried_recipe(AUTO, {})
    assert [stage.source for stage in recipe.stages] == ["history", "profile", "popular"]
    assert recipe.stages[0].model == "sequence-ridge"


def test_popularity_is_the_last_stage_alone() -> None:
    from models.policy import Policy, Stage
    from models.popularity import PopularityConfig, TimeDecayedPopularity
    from tests.made import make_courses, make_training

    train = make_training([[0], [1]], make_courses([1, 1]))
    popular = TimeDecayedPopularity.fit(PopularityConfig(), train, seed=0)
    policy = Policy((Stage("history", popular), Stage("popular", popular)), train.courses)
    assert [stage.source for stage in popularity_only(policy).stages] == ["popular"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"models": {"auto": {}}},
        {"compared": ["auto"]},
        {"compared": ["blend", "ease"]},
        {"compared": ["ease", "ease"]},
        {"compared": ["profile-popularity", "ease"]},
        {"model": "blend", "blend": True},
        {"models": {"ease": {"l2": float("inf")}}},
    ],
    ids=str,
)
def test_a_configuration_that_makes_no_sense_is_refused_in_one_line(
    wrong: dict[str, object],
) -> None:
    with pytest.raises(DataError) as refused:
        read_training_config(None, **wrong)
    assert "\n" not in str(refused.value)
