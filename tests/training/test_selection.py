"""Models are chosen on validation only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from saldopas.features.errors import DataError
from saldopas.features.splits.split import Cut, make_cuts
from saldopas.features.splits.split_config import SplitConfig
from saldopas.models.policy.recipe import Recipe, StageRecipe
from saldopas.models.recommenders.blend import unit_of
from saldopas.models.recommenders.registry import MODELS
from saldopas.training_pipeline.evaluating.evaluation import popularity_only
from saldopas.training_pipeline.training.blending import LEVELS, BlendLevel, BlendPart
from saldopas.training_pipeline.training.comparing import SEARCH, Tried
from saldopas.training_pipeline.training.config import read_training_config
from saldopas.training_pipeline.training.selection import (
    AUTO,
    BESIDE_A_CUT,
    Selection,
    auto_names,
    blend_stages,
    count_fits,
    select,
    untried_recipe,
)

from tests.made import (
    VOCABULARY,
    checkerboard,
    make_batch,
    make_courses,
    make_requests,
    make_training,
)
from tests.small_world import SmallWorld


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


ASKED = {
    "one for all": [{"ease": 1.0}] * LEVELS,
    "popularity for newcomers": [{"popularity": 1.0}, *[{"ease": 1.0}] * 3],
    "newcomers apart": [{"popularity": 1.0}, *[{"item-neighbours": 0.3, "ease": 1.0}] * 3],
    "profiles in the middle": [
        {"popularity": 1.0},
        {"item-neighbours": 1.0},
        {"profile-popularity": 1.0},
        {"item-neighbours": 1.0},
    ],
    "profiles for buyers only": [{"popularity": 1.0}, *[{"profile-popularity": 1.0}] * 3],
    "profiles for newcomers only": [{"profile-popularity": 1.0}, *[{"popularity": 1.0}] * 3],
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_each_level_is_answered_by_what_was_learned_for_it(asked: list[dict[str, float]]) -> None:
    """A person with each number of purchases; the scores are those of the level's own models."""
    names = ("popularity", "profile-popularity", "item-neighbours", "ease")
    config = {"ease": {"min_purchases": 1, "token_weight": 1.0}}
    tried = [Tried(name, config.get(name, {}), {}, {}, 0.0, ()) for name in names]
    levels = tuple(
        BlendLevel(level, 9, 9, None, tuple(BlendPart(name, w, None) for name, w in row.items()))
        for level, row in enumerate(asked)
    )
    people = checkerboard(12)
    tokens = [[person % 2] for person in range(len(people))]
    train = make_training(people, make_courses([1] * 12), tokens=tokens)
    last = StageRecipe(source="popular", model="popularity")
    recipe = Recipe(stages=(*blend_stages(tried, levels, has_tokens=True), last))
    batch = make_batch([[], [0], [0, 2], [1, 3, 5]], n_items=12, tokens=[[0], [1], [1], [0]])
    found = recipe.fit(train, seed=7).recommend(make_requests(batch, count=np.full(4, 12)))
    for row, weights in enumerate(asked):
        expected = np.zeros(12, np.float64)
        for name, weight in weights.items():
            kind = MODELS[name]
            model = kind.fit(kind.config_type.model_validate(config.get(name, {})), train, seed=7)
            expected += weight / unit_of(model, train.participants) * model.score(batch)[row]
        place = found.row(row)
        first = found.source[place] == found.source[place][0]  # what it knows nothing of is below
        assert first.sum() >= 3
        items, scores = found.item_idx[place][first], found.scores[place][first]
        known = expected[items]
        assert np.corrcoef(known, scores)[0, 1] == pytest.approx(1, abs=1e-5), f"{row} purchases"
        assert (np.diff(known) <= 1e-6).all()


ONE_MB = 136 - VOCABULARY.n_tokens  # courses that fit: 7 square float64 matrices of side 136


@pytest.mark.parametrize(
    ("n_rare", "added"),
    [(0, ()), (118, ()), (119, (BESIDE_A_CUT,)), (500, (BESIDE_A_CUT,))],
)
def test_als_is_compared_where_closed_forms_leave_out_a_tenth_of_the_purchases(
    n_rare: int, added: tuple[str, ...]
) -> None:
    """`ONE_MB` courses that eight people bought, which stay, and others that one did."""
    often = [[item] for item in range(ONE_MB) for _ in range(8)]
    rare = [[ONE_MB + item] for item in range(n_rare)]
    train = make_training(often + rare, make_courses([1] * (ONE_MB + n_rare)))
    assert auto_names(train, memory_mb=1) == (*AUTO, *added)
    assert auto_names(train, memory_mb=100) == AUTO


def test_what_the_operator_names_is_compared_and_nothing_else(small_world: SmallWorld) -> None:
    train = small_world.cuts[0].train
    tight = {"ease": {"memory_mb": 1}}
    cases: list[tuple[dict[str, object], tuple[str, ...]]] = [
        ({}, AUTO),
        ({"models": tight}, auto_names(train, memory_mb=1)),
        ({"models": tight, "compared": ["ease"]}, ("ease",)),
        ({"models": tight, "model": "lmf"}, ("lmf",)),
    ]
    for given, names in cases:
        assert read_training_config(None, **given).names(train) == names


def test_without_a_cut_the_defaults_end_in_popularity() -> None:
    recipe = untried_recipe("sequence-ridge", {})
    assert [stage.source for stage in recipe.stages] == ["history", "profile", "popular"]
    assert recipe.stages[0].model == "sequence-ridge"


def test_popularity_is_the_last_stage_alone() -> None:
    from saldopas.models.policy.policy import Policy, Stage
    from saldopas.models.recommenders.popularity import PopularityConfig, TimeDecayedPopularity

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
