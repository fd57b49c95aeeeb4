"""The native ranker against plain numpy: rules, sums, lifts and exact lists."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from saldopas.models.native import CourseRules, FixedScores, LinearModel, Ranker

from tests.models.native.reference import EDGES, World, ragged, worlds

NOBODY = ragged([[]])
NOTHING = np.empty((0, 0, 0), np.float32)


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_allowed_courses_pass_every_rule(world: World) -> None:
    owned, excluded = ragged(world.owned), ragged(world.excluded)
    allowed = world.native_rules.allowed(owned, excluded, world.terms)
    for row in range(len(world.history)):
        assert np.flatnonzero(allowed[row]).tolist() == world.allowed(row)


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_scores_are_the_weighted_sum_of_the_parts(world: World) -> None:
    for model, _ in world.stages:
        for row, history in enumerate(world.history):
            known = [item for item in history if item < world.n_known]
            own = world.given[:, [row]]
            scores = model.native.score(
                ragged([known]), ragged([world.tokens[row]]), own.copy(), world.n_items
            )
            expected = model.score(known, world.tokens[row], own[:, 0], world.n_items)
            np.testing.assert_allclose(scores[0], expected, rtol=1e-5, atol=1e-6)


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_lists_are_exact_and_a_batch_equals_its_single_requests(world: World) -> None:
    rows = list(range(len(world.history)))
    indptr, items, scores, sources = world.ranked(rows)
    assert len(indptr) == len(rows) + 1
    assert len(items) == len(scores) == len(sources) == indptr[-1]
    for row in rows:
        place = slice(indptr[row], indptr[row + 1])
        found = [items[place].tolist(), scores[place].tolist(), sources[place].tolist()]
        assert list(zip(*found, strict=True)) == world.expected(row)
        assert found == [array.tolist() for array in world.ranked([row])[1:]]


def ranker_of(scores: list[float]) -> Ranker:
    model = LinearModel(
        [FixedScores(np.array(scores, np.float32))],
        np.ones((1, 1), np.float32),
        np.zeros((1, 2), np.bool_),
    )
    n_items = len(scores)
    zeros = np.zeros(n_items, np.int64)
    rules = CourseRules(zeros, zeros, zeros, zeros, zeros)
    return Ranker([(model, 2, n_items, 0)], rules, None)


def terms_of(count: int, n_rows: int = 1) -> np.ndarray:
    return np.repeat(np.array([[0], [0], [0], [0], [0], [0], [count]], np.int64), n_rows, axis=1)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([-1.0, 0.0, 0.25, 0.5, 2.0]), min_size=1, max_size=300),
    st.integers(0, 90),
    st.data(),
)
def test_a_list_is_a_stable_sort_cut_short(
    scores: list[float], count: int, data: st.DataObject
) -> None:
    owned = data.draw(st.lists(st.integers(0, len(scores) - 1), max_size=len(scores)))
    found = ranker_of(scores).rank(
        NOBODY, NOBODY, ragged([owned]), NOBODY, terms_of(count), NOTHING
    )
    free = [item for item in range(len(scores)) if item not in owned]
    expected = sorted(free, key=lambda item: (-scores[item], item))[:count]
    assert found[1].tolist() == expected
    assert found[2].tolist() == [scores[item] for item in expected]


def test_a_score_that_is_no_number_is_not_listed() -> None:
    found = ranker_of([1.0, np.nan, 2.0]).rank(NOBODY, NOBODY, NOBODY, NOBODY, terms_of(3), NOTHING)
    assert found[1].tolist() == [2, 0]


def test_lifts_follow_the_band_of_the_price() -> None:
    from saldopas.models.native import BalanceLift

    lift = BalanceLift(EDGES, np.array([1, 2, 4, 8], np.float32))
    scores = np.array([[1, 1, 1, -1], [1, 1, 1, 1]], np.float32)
    price = np.array([100, 101, 900, 901], np.int64)
    lifted = lift.lifted(scores, price, np.array([1_000, 0]), np.array([True, False]))
    np.testing.assert_array_equal(lifted, [[1, 2, 4, -1 / 8], [1, 1, 1, 1]])


def test_threads_share_one_ranker() -> None:
    ranker = ranker_of(np.random.default_rng(0).random(2_000).tolist())
    tables = [ragged([[]] * 300)] * 4
    expected = ranker.rank(*tables, terms=terms_of(50, 300), given=NOTHING)
    found = [None] * 4

    def rank(place: int) -> None:
        found[place] = ranker.rank(*tables, terms=terms_of(50, 300), given=NOTHING)

    threads = [threading.Thread(target=rank, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in found:
        for array, other in zip(expected, one, strict=True):
            np.testing.assert_array_equal(array, other)


@pytest.mark.parametrize("n_items", [0, 1])
def test_small_catalogues(n_items: int) -> None:
    found = ranker_of([1.0] * n_items).rank(NOBODY, NOBODY, NOBODY, NOBODY, terms_of(5), NOTHING)
    assert found[1].tolist() == [0] * n_items
