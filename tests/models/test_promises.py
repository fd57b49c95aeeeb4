"""The promises of the policy, as properties of random catalogues, people and balances."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from saldopas.features.requests.batch import BALANCE, COUNT, HAS_BALANCE

from tests.made import make_batch, make_courses, make_requests
from tests.models.policy_worlds import World, allowed_one_by_one, listed, worlds


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_nothing_forbidden_and_exactly_what_is_allowed(world: World) -> None:
    lists = world.policy.recommend(world.requests)
    for row in range(world.requests.n_rows):
        allowed = allowed_one_by_one(world, row)
        items = listed(lists, row)
        assert set(items) <= allowed
        assert len(items) == len(set(items)) == min(int(world.requests.count[row]), len(allowed))


@settings(max_examples=80, deadline=None)
@given(worlds())
def test_ordered_by_stage_then_score_then_course(world: World) -> None:
    lists = world.policy.recommend(world.requests)
    for row in range(world.requests.n_rows):
        place = lists.row(row)
        keys = list(
            zip(
                lists.source[place].tolist(),
                (-lists.scores[place]).tolist(),
                lists.item_idx[place].tolist(),
                strict=True,
            )
        )
        assert keys == sorted(keys)


@settings(max_examples=80, deadline=None)
@given(worlds(), st.integers(0, 6_000))
def test_a_lower_balance_only_takes_courses_away(world: World, cut: int) -> None:
    everything = world.requests.with_terms({COUNT: 99, HAS_BALANCE: 1})
    lower = everything.with_terms({BALANCE: np.maximum(everything.balance_rp - cut, 0)})
    more, fewer = world.policy.recommend(everything), world.policy.recommend(lower)
    for row in range(everything.n_rows):
        affordable = [
            item
            for item in listed(more, row)
            if world.courses.price_rp[item] <= lower.limit_rp[row]
        ]
        assert set(listed(fewer, row)) == set(affordable)
        if world.policy.balance_fit is None:
            assert listed(fewer, row) == affordable


@settings(max_examples=80, deadline=None)
@given(worlds())
def test_a_batch_equals_its_single_requests(world: World) -> None:
    together = world.policy.recommend(world.requests)
    for row in range(world.requests.n_rows):
        alone = world.policy.recommend(world.requests.take(np.array([row])))
        place = together.row(row)
        np.testing.assert_array_equal(together.item_idx[place], alone.item_idx)
        np.testing.assert_array_equal(together.scores[place], alone.scores)
        np.testing.assert_array_equal(together.source[place], alone.source)


@settings(max_examples=50, deadline=None)
@given(worlds())
def test_the_same_request_has_the_same_answer(world: World) -> None:
    first, second = (world.policy.recommend(world.requests) for _ in range(2))
    np.testing.assert_array_equal(first.item_idx, second.item_idx)
    np.testing.assert_array_equal(first.scores, second.scores)


@settings(max_examples=50, deadline=None)
@given(worlds(), st.integers(1, 3))
def test_a_grown_catalogue_puts_unknown_courses_last(world: World, added: int) -> None:
    grown_courses = make_courses([*world.courses.price_rp.tolist(), *([0] * added)])
    n_items = grown_courses.n_items
    rows = [
        world.requests.participants.sequence.take(np.array([r])).item_idx.tolist()
        for r in range(world.requests.n_rows)
    ]
    batch = make_batch(rows, n_items=n_items)
    asked = make_requests(batch, count=np.full(len(rows), 99, np.int64))
    lists = world.policy.over(grown_courses).recommend(asked)
    for row in range(len(rows)):
        items = listed(lists, row)
        assert len(items) == n_items - len(set(rows[row]))
        assert all(
            lists.source[lists.row(row)][items.index(n)] == 2
            for n in range(world.courses.n_items, n_items)
        )
