"""The chances of an exploring ranking against every list that it can show, written out."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from saldopas.models.policy.policy import Recommendations
from saldopas.training_pipeline.evaluating.off_policy.exploring import (
    ExploringRanking,
    slot_chances,
)
from saldopas.training_pipeline.evaluating.off_policy.served_lists import ServedLists

from benchmarks.simulated_log import draw_lists


def all_lists(ranked: list[int], reachable: list[int], epsilon: float) -> dict[tuple, float]:
    """Every list of the ranking's length and its chance, slot by slot as the rule says it."""
    depth = min(len(ranked), len(reachable))
    chances = {}
    for shown in permutations(reachable, depth):
        chance = 1.0
        for slot, item in enumerate(shown):
            left = [other for other in reachable if other not in shown[:slot]]
            best = next(other for other in ranked if other in left)
            chance *= epsilon / len(left) + (1 - epsilon) * (item == best)
        chances[shown] = chance
    return chances


def lists_of(items: np.ndarray, pool: np.ndarray) -> ServedLists:
    ones = np.ones(items.shape)
    return ServedLists(
        course_ids=tuple(f"c{place}" for place in range(pool.shape[1])),
        units=np.arange(len(items)),
        filled=ones.astype(bool),
        item_idx=items,
        at_slot=ones,
        given_above=ones,
        reward=ones * 0,
        pool=np.packbits(pool, axis=1, bitorder="little"),
    )


def test_chances_in_a_slot_are_those_of_all_lists() -> None:
    ranked, reachable = [2, 0, 4], [0, 1, 2, 3, 4]
    lists = all_lists(ranked, reachable, 0.3)
    assert sum(lists.values()) == pytest.approx(1)
    (table,) = slot_chances(np.array([5]), depth=3, epsilon=0.3)
    for slot in range(3):
        for item in reachable:
            place = ranked.index(item) if item in ranked else 3
            summed = sum(chance for shown, chance in lists.items() if shown[slot] == item)
            assert table[place, slot] == pytest.approx(summed), (item, slot)


def test_chances_where_fewer_courses_than_slots_can_be_shown() -> None:
    (table,) = slot_chances(np.array([2]), depth=4, epsilon=0.5)
    assert table[:2, :2] == pytest.approx(np.array([[0.75, 0.25], [0.25, 0.75]]))
    assert not table[2:].any()
    assert not table[:, 2:].any()


def test_a_ranking_that_does_not_explore_shows_itself() -> None:
    (table,) = slot_chances(np.array([9]), depth=4, epsilon=0)
    assert (table == np.eye(5, 4)).all()


def test_too_many_slots_are_refused() -> None:
    with pytest.raises(ValueError, match="13 slots"):
        slot_chances(np.array([20]), depth=13, epsilon=0.1)


def test_what_is_expected_is_summed_over_all_lists() -> None:
    ranked, reachable, epsilon = [2, 0, 4], [0, 1, 2, 4, 6], 0.4
    worth = np.random.default_rng(1).random((7, 3))
    could = np.isin(np.arange(7), reachable)[None, :]
    logged = lists_of(np.array([[1, 2, 6]]), could)
    policy = ExploringRanking(np.array([ranked]), np.ones((1, 3), bool), epsilon)
    chances = all_lists(ranked, reachable, epsilon)
    for slot in range(3):
        summed = sum(chance * worth[shown[slot], slot] for shown, chance in chances.items())
        assert policy.expected_at_slot(logged, worth)[0, slot] == pytest.approx(summed)
        above = {s: p for s, p in chances.items() if s[:slot] == (1, 2, 6)[:slot]}
        given = sum(p * worth[s[slot], slot] for s, p in above.items()) / sum(above.values())
        assert policy.expected_given_above(logged, worth)[0, slot] == pytest.approx(given)


def test_drawn_lists_are_as_frequent_as_their_chance_says() -> None:
    ranked, n = [3, 1], 20_000
    could = np.array([True, True, False, True])
    ranking = ExploringRanking(np.tile(ranked, (n, 1)), np.ones((n, 2), bool), 0.6)
    items, filled, chances = draw_lists(ranking, np.tile(could, (n, 1)), seed=3)
    assert filled.all()
    expected = all_lists(ranked, [0, 1, 3], 0.6)
    for shown, chance in expected.items():
        mine = (items == shown).all(axis=1)
        assert mine.mean() == pytest.approx(chance, abs=0.02)
        assert chances[mine].prod(axis=1) == pytest.approx(chance)
    drawn = lists_of(items, np.tile(could, (n, 1)))
    assert ranking.chance_given_above(drawn) == pytest.approx(chances)


def test_the_ranking_of_a_policys_answer() -> None:
    answer = Recommendations(
        indptr=np.array([0, 3, 3, 4]),
        item_idx=np.array([5, 2, 7, 1]),
        scores=np.zeros(4, np.float32),
        source=np.zeros(4, np.int8),
    )
    ranking = ExploringRanking.of(answer, depth=2, epsilon=0.0)
    assert ranking.filled.tolist() == [[True, True], [False, False], [True, False]]
    assert ranking.ranked[ranking.filled].tolist() == [5, 2, 1]
