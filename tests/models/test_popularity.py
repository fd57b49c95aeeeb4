"""Shares by hand: decay, prior, time on sale, season, and smoothing from everybody to a profile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from saldopas.features.encoding.batch import TrainingSet
from saldopas.features.encoding.courses import CourseTable
from saldopas.features.encoding.sequences import Sequences
from saldopas.features.seconds import DAY_S
from saldopas.models.recommenders.popularity import (
    PopularityConfig,
    TimeDecayedPopularity,
    expected_share,
)
from saldopas.models.recommenders.profile_popularity import (
    ProfilePopularity,
    ProfilePopularityConfig,
)
from saldopas.models.recommenders.sales import decayed_weights, season_factor

from tests.made import VOCABULARY, make_batch, make_courses, make_profile, make_training

COURSES = make_courses([1, 1, 1])


def test_a_purchase_a_half_life_old_counts_half() -> None:
    batch = make_batch([[0], [1]], n_items=3)
    at_s = np.array([0, 10 * DAY_S], np.int64)
    sequence = Sequences(batch.sequence.indptr, batch.sequence.item_idx, at_s, 3)
    train = TrainingSet(
        type(batch)(sequence, batch.tokens), COURSES, VOCABULARY, as_of_s=10 * DAY_S
    )
    model = TimeDecayedPopularity.fit(counting(half_life_days=10), train, seed=0)
    np.testing.assert_allclose(model.share, [1 / 3, 2 / 3, 0], rtol=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(0, 7), max_size=5), min_size=1, max_size=9))
def test_without_prior_and_age_it_is_the_decayed_share_to_the_bit(rows: list[list[int]]) -> None:
    train = make_training(rows, make_courses([0, 1, 2, 3, 4, 5, 6, 7], category=[*"aabbccdd"]))
    items = train.participants.sequence.item_idx
    counts = np.bincount(items, decayed_weights(train, 5), minlength=train.n_items)
    expected = counts / max(counts.sum(), 1e-12)
    np.testing.assert_array_equal(expected_share(counting(half_life_days=5), train), expected)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(0, 7), max_size=5), min_size=1, max_size=9))
def test_every_course_has_a_share_once_anything_was_bought(rows: list[list[int]]) -> None:
    train = make_training(rows, make_courses([0, 1, 2, 3, 4, 5, 6, 7], category=[*"aabbccdd"]))
    share = expected_share(PopularityConfig(), train)
    assert (share > 0).all() if any(rows) else (share == 0).all()


def test_a_prior_of_one_purchase_by_hand() -> None:
    # mean 2, so c = 1/2 and lambda = 2: (4 + 1) / 1.5 and (0 + 1) / 1.5
    train = make_training([[0]] * 4, make_courses([1, 1]))
    share = expected_share(PopularityConfig(half_life_days=None, prior_strength=1), train)
    np.testing.assert_allclose(share, [5 / 6, 1 / 6])


def test_shares_go_from_the_prior_to_the_counts() -> None:
    train = make_training([[0]] * 30 + [[1]] * 10, make_courses([1, 1, 1]))
    found = [
        expected_share(PopularityConfig(half_life_days=None, prior_strength=strength), train)
        for strength in (0, 1, 100, 1e9)
    ]
    np.testing.assert_allclose(found[0], [3 / 4, 1 / 4, 0], rtol=1e-9)
    np.testing.assert_allclose(found[-1], [1 / 3] * 3, rtol=1e-4)
    assert (np.diff([share[0] for share in found]) < 0).all()
    assert (np.diff([share[2] for share in found]) > 0).all()


def test_a_young_course_that_sells_is_ahead_of_an_old_one_with_more_purchases() -> None:
    # 20 purchases in 10 days against 25 in two years, beside a course that sells every day
    days = 730
    courses = make_courses([1, 1, 1])
    from_s = np.array([0, (days - 10) * DAY_S, 0])
    courses = replace(courses, on_sale_from_s=from_s)
    young = np.linspace(days - 10, days - 1, 20)
    old, steady = np.linspace(0, days - 1, 25), np.linspace(0, days - 1, 365)
    train = bought_on([old, young, steady], courses, as_of_day=days)
    rates = [
        expected_share(
            PopularityConfig(half_life_days=None, prior_strength=1, age_power=power), train
        )
        for power in (0.0, 0.5, 1.0)
    ]
    assert rates[0][0] > rates[0][1]
    assert rates[2][1] > rates[2][0]
    ahead = [share[1] / share[0] for share in rates]
    assert ahead == sorted(ahead)


@pytest.mark.parametrize(("first_day", "speaks"), [(0, True), (400, False)])
def test_the_season_is_that_of_a_year_ago_if_there_was_one(first_day: int, speaks: bool) -> None:
    # course 0 sells in the days 365 to 394 of each year only, as much as course 1 in all of it
    cut = 730
    year = np.arange(first_day, cut)
    festive = [day for day in year if 365 <= day < 395]
    days = [np.repeat(festive, 12), year, year]
    train = bought_on(days, make_courses([1, 1, 1], category=["x", "y", "y"]), as_of_day=cut)
    factor = season_factor(train, window_days=30, power=1.0, strength=10.0)
    if not speaks:
        assert factor.tolist() == [1, 1, 1]
        return
    assert factor[0] > 1.9
    assert factor[1] == factor[2] < 1
    halved = season_factor(train, window_days=30, power=0.5, strength=10.0)
    np.testing.assert_allclose(halved, np.sqrt(factor))
    tied = season_factor(train, window_days=30, power=1.0, strength=1e9)
    np.testing.assert_allclose(tied, 1, atol=1e-6)
    share = expected_share(PopularityConfig(half_life_days=None, season_power=1.0), train)
    plain = expected_share(PopularityConfig(half_life_days=None), train)
    assert share[0] > plain[0]


def test_a_course_without_a_year_has_the_season_of_its_category() -> None:
    cut = 730
    festive = np.repeat(np.arange(365, 395), 12)
    courses = make_courses([1, 1, 1], category=["x", "x", "y"])
    courses = replace(courses, on_sale_from_s=np.array([0, (cut - 5) * DAY_S, 0]))
    train = bought_on([festive, np.empty(0), np.arange(cut)], courses, as_of_day=cut)
    factor = season_factor(train, window_days=30, power=1.0, strength=10.0)
    assert factor[1] > 1.5
    assert factor[2] < 1


def counting(**values: object) -> PopularityConfig:
    """Counts alone: no prior, no rate."""
    return PopularityConfig.model_validate({"prior_strength": 0, "age_power": 0, **values})


def bought_on(days: list[np.ndarray], courses: CourseTable, *, as_of_day: int) -> TrainingSet:
    """Course i is bought on each of `days[i]`, by a buyer of its own."""
    items = np.repeat(np.arange(len(days)), [len(one) for one in days]).astype(np.int32)
    at_s = (np.concatenate(days) * DAY_S).astype(np.int64)
    batch = make_batch([[]] * len(items), n_items=len(days))
    sequence = Sequences(np.arange(len(items) + 1), items, at_s, len(days))
    people = type(batch)(sequence, batch.tokens)
    return TrainingSet(people, courses, VOCABULARY, as_of_s=as_of_day * DAY_S)


def test_profiles_move_from_everybody_to_their_own_counts() -> None:
    people = [[0]] * 30 + [[1]] * 10
    tokens = [[0]] * 30 + [[1]] * 10
    train = make_training(people, COURSES, tokens=tokens)
    own = make_batch([[], []], n_items=3, tokens=[[0], [1]])

    def share_of(strength: float) -> np.ndarray:
        config = ProfilePopularityConfig(
            half_life_days=None, token_strength=strength, profile_strength=strength
        )
        return ProfilePopularity.fit(config, train, seed=0).score(own)

    np.testing.assert_allclose(share_of(1e-3), [[1, 0, 0], [0, 1, 0]], atol=1e-3)
    np.testing.assert_allclose(share_of(1e9), [[0.75, 0.25, 0]] * 2, atol=1e-3)


def test_an_exact_profile_adds_to_its_tokens_by_hand() -> None:
    # 4 purchases of c0 by {a}: p = (1, 0, 0); everything is c0 whatever the strength
    train = make_training([[0]] * 4, COURSES, tokens=[[0]] * 4)
    model = ProfilePopularity.fit(ProfilePopularityConfig(), train, seed=0)
    profile = make_profile([[0], []], n_tokens=VOCABULARY.n_tokens)
    scores = model.score(type(train.participants)(Sequences.of([[], []], n_items=3), profile))
    np.testing.assert_allclose(scores, [[1, 0, 0]] * 2, atol=1e-5)


def test_a_pause_without_purchases_changes_nothing() -> None:
    days = [np.array([1, 2, 3]), np.array([9]), np.empty(0)]
    courses = make_courses([1, 1, 1])
    config = counting(half_life_days=7.0)
    soon, late = (
        TimeDecayedPopularity.fit(config, bought_on(days, courses, as_of_day=day), seed=0).share
        for day in (10, 3_000)
    )
    np.testing.assert_allclose(late, soon, rtol=1e-6)
    assert soon[1] > soon[0] / 3


def test_a_profile_that_few_people_share_is_not_kept() -> None:
    people = [[0]] * 25 + [[1]] * 3
    tokens = [[0]] * 25 + [[0, 1]] * 3
    train = make_training(people, COURSES, tokens=tokens)
    state = ProfilePopularity.fit(ProfilePopularityConfig(), train, seed=0).state()
    assert len(state["group_tokens_indptr"]) - 1 == 1
    assert state["group_counts_indices"].tolist() == [0]
