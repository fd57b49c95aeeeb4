"""The blend is learned on validation: never worse there than its best member, no noise in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from saldopas.models.policy.policy import SOURCES, Policy, Stage
from saldopas.models.policy.recipe import Recipe, StageRecipe
from saldopas.models.recommenders.blend import N_SCALE_PEOPLE, Blend, BlendConfig, unit_of
from saldopas.models.recommenders.profile_popularity import (
    ProfilePopularity,
    ProfilePopularityConfig,
)
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig
from saldopas.training_pipeline.training.blending import (
    LEAST_CASES,
    LEVELS,
    Shortlists,
    learn_weights,
    shortlists,
)
from saldopas.training_pipeline.training.record import TrainingRecord

from tests.made import checkerboard, make_batch, make_courses, make_requests, make_training
from tests.small_world import SmallWorld

N, C = 1_200, 30


def made_lists(signal: tuple[float, ...], *, seed: int, level: int = 1) -> Shortlists:
    """Each decision bought one of C courses; member m sees it through noise of its own."""
    rng = np.random.default_rng(seed)
    bought = np.zeros((N, C), bool)
    bought[np.arange(N), rng.integers(0, C, N)] = True
    scores = np.stack(
        [strength * bought + rng.normal(0, 1, (N, C)) for strength in signal], axis=2
    ).astype(np.float32)
    item_idx = np.broadcast_to(np.arange(C), (N, C))
    return Shortlists(
        scores, item_idx, bought, np.ones(N, np.int64), np.full(N, level), np.arange(N), C
    )


def test_two_members_that_know_different_things_are_better_together() -> None:
    levels = learn_weights([made_lists((1.0, 1.0), seed=0)], ["a", "b"])
    learned = levels[1]
    assert {part.model for part in learned.parts} == {"a", "b"}
    assert learned.together is not None
    assert learned.together > max(part.alone or 0 for part in learned.parts)


@pytest.mark.parametrize("seed", range(5))
def test_a_member_of_noise_has_no_part(seed: int) -> None:
    learned = learn_weights([made_lists((2.0, 0.0), seed=seed)], ["signal", "noise"])[1]
    assert [part.model for part in learned.parts] == ["signal"]


@pytest.mark.parametrize("seed", range(5))
def test_the_blend_is_never_worse_than_its_best_member_on_the_cut(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = made_lists(tuple(rng.uniform(0, 2, 3)), seed=seed)
    learned = learn_weights([found], ["a", "b", "c"])[1]
    everybody = np.ones(N, bool)
    alone = [found.gains(np.eye(3)[member], everybody).mean or 0 for member in range(3)]
    assert learned.together is not None
    assert learned.together >= max(alone)


def test_figures_of_few_people_are_not_told(small_record: TrainingRecord) -> None:
    """Nor can they be worked out from the total of all with a history, or of everybody."""
    found = made_lists((1.0, 0.5), seed=1)
    level = learn_weights([found], ["a", "b"])[1]
    assert level.people == len(set(found.person.tolist())) == N
    blend = tuple(replace(level, people=people) for people in (200, 300, 150, 25))
    told = replace(small_record, blend=blend, evaluation=EvaluationConfig()).told_blend
    assert [one.together is not None for one in told] == [True, True, False, False]
    assert all(part.alone is None for one in told[2:] for part in one.parts)
    assert told[:2] == blend[:2]
    weights = [part.weight for part in level.parts]
    assert all([part.weight for part in one.parts] == weights for one in told)


def first_rows(found: Shortlists, count: int) -> Shortlists:
    """Its first `count` decisions."""
    return replace(
        found,
        scores=found.scores[:count],
        item_idx=found.item_idx[:count],
        bought=found.bought[:count],
        n_targets=found.n_targets[:count],
        level=found.level[:count],
        person=found.person[:count],
    )


def test_a_small_level_is_not_worse_than_a_member_of_the_common_blend() -> None:
    own = 0
    for seed in range(12):
        common = made_lists((1.0, 1.0), seed=seed, level=1)
        small = first_rows(made_lists((1.4, 0.6), seed=100 + seed, level=2), LEAST_CASES + 10)
        levels = learn_weights([common, small], ["a", "b"])
        everybody = np.ones(len(small.level), bool)
        alone = [small.gains(weights, everybody).mean or 0 for weights in np.eye(2)]
        assert levels[2].together is not None
        assert levels[2].together >= max(alone), f"seed {seed}"
        own += any(levels[2].weight_of(name) != levels[1].weight_of(name) for name in "ab")
    assert 0 < own < 12  # some seeds need weights of their own, and not all do


def test_a_level_with_no_decisions_has_the_weights_of_everybody() -> None:
    levels = learn_weights([made_lists((1.0, 0.0), seed=1, level=2)], ["a", "b"])
    assert [[part.model for part in level.parts] for level in levels] == [["a"]] * LEVELS
    assert [level.cases for level in levels] == [0, 0, N, 0]


def test_a_level_that_clearly_differs_has_weights_of_its_own() -> None:
    found = [
        made_lists((2.0, 0.0), seed=1, level=1),
        made_lists((0.0, 2.0), seed=2, level=3),
        made_lists((2.0, 0.1), seed=3, level=2),
    ]
    models = [[part.model for part in level.parts] for level in learn_weights(found, ["a", "b"])]
    assert models[1] == models[2] == ["a"]
    assert models[3] == ["b"]


def test_with_too_few_decisions_the_best_member_answers_alone() -> None:
    few = first_rows(made_lists((0.5, 2.0), seed=1), 40)
    assert LEAST_CASES > 40
    for level in learn_weights([few], ["a", "b"]):
        assert [part.model for part in level.parts] == ["b"]


def test_shortlists_hold_what_was_bought_and_nothing_that_was_not_allowed(
    small_world: SmallWorld,
) -> None:
    cut = small_world.cuts[0]
    config = BlendConfig.model_validate(
        {"members": [{"model": "profile-popularity"}, {"model": "popularity"}], "weights": [[1, 1]]}
    )
    members = Blend.fit(config, cut.train, seed=7).members
    found = shortlists(small_world.data, cut, members, members[1])
    np.testing.assert_array_equal(found.bought.sum(axis=1), found.n_targets)
    bought = cut.cases.targets.toarray().astype(bool)
    rows = np.arange(len(bought))[:, None]
    np.testing.assert_array_equal(bought[rows, found.item_idx] & found.bought, found.bought)
    assert (found.level == np.minimum(cut.cases.seen, LEVELS - 1)).all()
    assert np.isfinite(found.scores[found.bought]).all()
    policy = Policy((Stage("popular", members[1]),), small_world.data.courses)
    allowed = policy.allowed(cut.requests(small_world.data, count=1)).allowed | bought
    candidates = np.isfinite(found.scores).any(axis=2)
    assert not allowed.all()
    assert allowed[rows, found.item_idx][candidates].all()


def test_a_blend_is_the_weighted_sum_of_its_members_by_level() -> None:
    courses = make_courses([1_000] * 10)
    people = checkerboard(10)
    train = make_training(people, courses, tokens=[[p % 2] for p in range(len(people))])
    config = BlendConfig.model_validate(
        {
            "members": [{"model": "profile-popularity"}, {"model": "popularity"}],
            "weights": [[1.0, 0.0], [0.25, 2.0]],
        }
    )
    blend = Blend.fit(config, train, seed=7)
    batch = make_batch([[], [0], [1, 3]], n_items=10, tokens=[[0], [0], [1]])
    parts = [
        member.score(batch) / unit for member, unit in zip(blend.members, blend.scale, strict=True)
    ]
    scores = blend.score(batch)
    np.testing.assert_allclose(scores[0], parts[0][0], rtol=1e-5)
    np.testing.assert_allclose(scores[1:], 0.25 * parts[0][1:] + 2 * parts[1][1:], rtol=1e-5)


@pytest.mark.parametrize("size", [N_SCALE_PEOPLE // 2, 2 * N_SCALE_PEOPLE])
def test_a_members_unit_is_that_of_all_people_where_the_table_is_sorted_by_a_profile(
    size: int,
) -> None:
    """Twice `size` people; the first half, of group a, all took one course, the others any."""
    people = [[0]] * size + [[k % 10] for k in range(size)]
    tokens = [[0]] * size + [[1]] * size
    train = make_training(people, make_courses([1_000] * 10), tokens=tokens)
    member = ProfilePopularity.fit(ProfilePopularityConfig(), train, seed=7)
    square = np.square(member.score(train.participants), dtype=np.float64)
    halves = [square[:size].mean(), square[size:].mean()]
    assert halves[0] > 1.5 * halves[1]
    expected = np.sqrt(square.mean())
    assert unit_of(member, train.participants) == pytest.approx(expected, rel=1e-5)


def test_a_course_is_said_to_come_from_what_its_level_looks_at() -> None:
    courses = make_courses([1_000] * 10)
    people = checkerboard(10)
    train = make_training(people, courses, tokens=[[p % 2] for p in range(len(people))])
    neighbours, profile = {"model": "item-neighbours"}, {"model": "profile-popularity"}
    members = [neighbours, profile, {"model": "popularity"}]
    config = {"members": members, "weights": [[0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]}
    recipe = Recipe(
        stages=(
            StageRecipe(source="history", model="blend", config=config),
            StageRecipe(source="profile", model="blend", config=config),
            StageRecipe(source="popular", model="popularity"),
        )
    )
    policy = recipe.fit(train, seed=7)
    batch = make_batch([[], [0], [0, 2], [0, 2, 4]], n_items=10, tokens=[[0]] * 4)
    lists = policy.recommend(make_requests(batch, count=np.ones(4, np.int64)))
    sources = [SOURCES[source] for source in lists.source]
    assert sources == ["profile", "history", "profile", "popular"]


@pytest.mark.parametrize("weights", [[[1.0]], [[0.0, 0.0]], [[-1.0, 1.0]], [[float("inf"), 1.0]]])
def test_weights_that_make_no_sense_are_refused(weights: list[list[float]]) -> None:
    members = [{"model": "popularity"}, {"model": "ease"}]
    with pytest.raises(ValueError, match="weight"):
        BlendConfig.model_validate({"members": members, "weights": weights})
