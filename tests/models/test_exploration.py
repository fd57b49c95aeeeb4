"""Exploration keeps the promises, its propensities are exact, and it comes back from disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from saldopas.features.requests.batch import (
    AGE,
    COUNT,
    EDUCATION,
    HAS_BALANCE,
    MAX_PRICE,
    MOMENT,
    RequestBatch,
    build_requests,
)
from saldopas.features.seconds import DAY_S
from saldopas.models.artifact.artifact import load_artifact
from saldopas.models.policy.balance_fit import N_BANDS, BalanceFit
from saldopas.models.policy.exploration import (
    Exploration,
    ExplorationConfig,
    content_seed,
    explored_chances,
)
from saldopas.models.policy.policy import SOURCES, Policy, Recommendations, Stage
from saldopas.models.recommenders.popularity import PopularityConfig, TimeDecayedPopularity

from tests.made import make_batch, make_courses, make_profile, make_requests, make_training
from tests.models.policy_worlds import World, allowed_one_by_one, listed, worlds
from tests.small_world import ONE_MODEL, SmallWorld, train_small_world

SHARE = 0.3
DRAWS = 10_000
N_ITEMS = 8
# courses 0 to 2 were bought 5, 4 and 3 times, 3 to 7 never
PEOPLE = [[0, 1, 2]] * 3 + [[0, 1], [0]]
COURSES = make_courses([1_000] * N_ITEMS)
POPULAR = TimeDecayedPopularity.fit(PopularityConfig(), make_training(PEOPLE, COURSES), seed=0)
N_BOUGHT = np.array([5, 4, 3, 0, 0, 0, 0, 0])


def exploring(*, share: float = SHARE, max_purchases: int = 0, seed: int = 1) -> Policy:
    config = ExplorationConfig(share=share, max_purchases=max_purchases)
    stages = (Stage("popular", POPULAR),)
    return Policy(stages, COURSES, Exploration.of_counts(config, N_BOUGHT, seed=seed))


def one_request(**changes: object) -> RequestBatch:
    return make_requests(make_batch([[]], n_items=N_ITEMS), count=np.array([3]), **changes)


def without(*items: int) -> RequestBatch:
    return one_request(excluded=make_profile([items], n_tokens=N_ITEMS))


def test_nothing_is_random_by_default() -> None:
    assert exploring(share=0.0).exploration is None
    lists = exploring(share=0.0).recommend(one_request())
    assert lists.item_idx.tolist() == [0, 1, 2]
    assert lists.propensity.tolist() == [1, 1, 1]
    assert not lists.explored.any()


def test_a_share_of_one_explores_every_slot_until_the_pool_is_empty() -> None:
    lists = exploring(share=1.0).recommend(without(5, 6, 7))
    assert sorted(lists.item_idx[:2].tolist()) == [3, 4]
    assert lists.item_idx[2] == 2  # nothing is left to explore: the list's own course stays
    assert lists.explored.tolist() == [True, True, False]
    assert lists.propensity.tolist() == [0.5, 0.5, 1.0]


def test_an_explored_course_has_the_score_that_everybody_gets_at_this_balance() -> None:
    lift = BalanceFit(lift=(2.0,) * N_BANDS)
    policy = replace(exploring(share=1.0), balance_fit=lift)
    asked = one_request(balance_rp=np.array([5_000]), has_balance=np.array([True]))
    lists = policy.recommend(asked)
    assert lists.explored.all()
    np.testing.assert_allclose(lists.scores, 2 * POPULAR.share[lists.item_idx])
    assert {SOURCES[source] for source in lists.source} == {"popular"}


def test_chances_of_a_short_pool_by_hand() -> None:
    # with one course to explore, slot k is explored if it is the first one that would be
    found = explored_chances(0.25, 3, 1)
    np.testing.assert_allclose(found, [0.25, 0.75 * 0.25, 0.75**2 * 0.25])
    np.testing.assert_allclose(explored_chances(0.25, 3, 3), [0.25] * 3)
    np.testing.assert_allclose(explored_chances(0.25, 3, 0), [0.0] * 3)


def often(asked: RequestBatch, *, seed: int) -> Recommendations:
    """The answers to one request for `DRAWS` ages, which nothing but the draws depends on."""
    many = asked.take(np.zeros(DRAWS, int))
    return exploring(seed=seed).recommend(many.with_terms({AGE: np.arange(DRAWS)}))


@pytest.mark.parametrize("asked", [one_request(), without(5, 6, 7)], ids=["pool 5", "pool 2"])
def test_propensities_are_the_frequencies(asked: RequestBatch) -> None:
    lists = often(asked, seed=1)
    items, told = lists.item_idx.reshape(-1, 3), lists.propensity.reshape(-1, 3)
    for slot in range(3):
        total = 0.0
        for item in set(items[:, slot].tolist()):
            here = items[:, slot] == item
            propensity = float(told[here, slot][0])
            assert (told[here, slot] == told[here, slot][0]).all(), "it depends on the draw"
            error = np.sqrt(propensity * (1 - propensity) / DRAWS)
            assert abs(here.mean() - propensity) < 4.5 * error, (slot, item)
            total += propensity
        assert total == pytest.approx(1)


def test_the_seed_is_drawn_from_like_the_content() -> None:
    lists = [exploring(seed=seed).recommend(one_request()) for seed in range(1_000)]
    explored = np.mean([one.explored for one in lists])
    assert abs(explored - SHARE) < 4.5 * np.sqrt(SHARE * (1 - SHARE) / 3_000)


def test_ips_recovers_what_a_uniform_policy_would_show() -> None:
    # course i is worth i; a policy that fills slot 0 uniformly from 0 and 3..7 shows 25 / 6
    lists = often(one_request(), seed=2)
    terms = lists.item_idx[::3] / 6 / lists.propensity[::3]
    assert abs(terms.mean() - 25 / 6) < 4.5 * terms.std() / np.sqrt(DRAWS)


def with_exploration(world: World, share: float, max_purchases: int) -> Policy:
    counts = np.arange(world.courses.n_items) % 4
    config = ExplorationConfig(share=share, max_purchases=max_purchases)
    return replace(world.policy, exploration=Exploration.of_counts(config, counts, seed=3))


shares = st.sampled_from([0.05, 0.5, 1.0])


@settings(max_examples=80, deadline=None)
@given(worlds(), shares, st.integers(0, 3))
def test_nothing_forbidden_and_exactly_what_is_allowed(
    world: World, share: float, max_purchases: int
) -> None:
    policy = with_exploration(world, share, max_purchases)
    lists, plain = policy.recommend(world.requests), world.policy.recommend(world.requests)
    for row in range(world.requests.n_rows):
        allowed = allowed_one_by_one(world, row)
        items, explored = listed(lists, row), lists.explored[lists.row(row)]
        assert set(items) <= allowed
        assert len(items) == len(set(items)) == min(int(world.requests.count[row]), len(allowed))
        for item, tried, usual in zip(items, explored, listed(plain, row), strict=True):
            assert (item % 4 <= max_purchases) if tried else (item == usual)


@settings(max_examples=60, deadline=None)
@given(worlds(), shares)
def test_a_batch_equals_its_single_requests(world: World, share: float) -> None:
    policy = with_exploration(world, share, 1)
    together = policy.recommend(world.requests)
    for row in range(world.requests.n_rows):
        alone = policy.recommend(world.requests.take(np.array([row])))
        same(together, alone, together.row(row))


@settings(max_examples=40, deadline=None)
@given(worlds(), shares)
def test_all_that_is_allowed_is_never_shuffled(world: World, share: float) -> None:
    """So that a lower balance only takes courses away, whatever is explored."""
    everything = world.requests.with_terms({COUNT: 99})
    lists = with_exploration(world, share, 3).recommend(everything)
    plain = world.policy.recommend(everything)
    np.testing.assert_array_equal(lists.item_idx, plain.item_idx)
    assert (lists.propensity == 1).all()


def same(ours: Recommendations, theirs: Recommendations, place: slice = slice(None)) -> None:
    for name in ("item_idx", "scores", "source", "propensity", "explored"):
        np.testing.assert_array_equal(getattr(ours, name)[place], getattr(theirs, name))


def test_another_content_is_another_draw_and_the_hour_is_no_content() -> None:
    asked = one_request(as_of_s=np.array([10 * DAY_S]))
    later = asked.with_terms({MOMENT: asked.as_of_s + 3_600})
    assert content_seed(asked, 0, 1) == content_seed(later, 0, 1)
    terms = {
        MOMENT: asked.as_of_s + DAY_S,
        COUNT: asked.count + 1,
        HAS_BALANCE: 1,
        MAX_PRICE: 1,
        AGE: asked.age_at_least + 1,
        EDUCATION: asked.education_at_least + 1,
    }
    others = [asked.with_terms({term: value}) for term, value in terms.items()]
    others += [
        replace(asked, excluded=without(5).excluded),
        replace(asked, owned=without(5).excluded),
        replace(asked, participants=make_batch([[4]], n_items=N_ITEMS)),
        make_requests(make_batch([[]], n_items=N_ITEMS, tokens=[[1]])),
    ]
    seeds = {content_seed(other, 0, 1) for other in others} | {content_seed(asked, 0, 2)}
    assert content_seed(asked, 0, 1) not in seeds
    assert len(seeds) == len(others) + 1


def test_courses_that_came_later_are_explored_too() -> None:
    grown = exploring(share=1.0).over(make_courses([1_000] * 10))
    batch = make_batch([[0, 1, 2, 3, 4, 5, 6]], n_items=10)
    lists = grown.recommend(make_requests(batch, count=np.array([1])))
    assert lists.explored.tolist() == [True]
    assert lists.item_idx[0] in (8, 9)  # 7 is the list's own


def test_an_artifact_explores_as_it_was_trained_to(small_world: SmallWorld, tmp_path: Path) -> None:
    config = ExplorationConfig(share=0.5, max_purchases=5)
    trained = ONE_MODEL.model_copy(update={"exploration": config})
    record = train_small_world(small_world, tmp_path / "artifact", config=trained)
    first, second = (load_artifact(tmp_path / "artifact") for _ in range(2))
    assert first.manifest.recipe.exploration == record.manifest.recipe.exploration == config
    rows = np.arange(200)
    asked = build_requests(first.known(rows), as_of_s=first.manifest.cutoff_s, count=5)
    ours, theirs = first.policy.recommend(asked), second.policy.recommend(asked)
    same(ours, theirs)
    assert 0.3 < ours.explored.mean() < 0.7
    data = small_world.data
    bought = data.events.item_idx[data.kept & ~data.opted_out[data.events.rows]]
    n_bought = np.bincount(bought, minlength=first.policy.courses.n_items)
    assert n_bought[ours.item_idx[ours.explored]].max() <= 5
