"""Counts that reasons cite: of everybody's histories, however they are cut into blocks."""

from __future__ import annotations

import numpy as np
import pytest
from saldopas.features.encoding.pairs import MIN_GROUP_PEOPLE
from saldopas.models.explaining import evidence
from saldopas.models.explaining.evidence import MIN_TAKERS, Evidence

from tests.made import make_courses, make_training

PEOPLE, ITEMS = 400, 12


@pytest.mark.parametrize("pairs_a_block", [1, 700, 10**9])
def test_pairs_are_counted_in_any_number_of_blocks(
    pairs_a_block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "MAX_PAIRS_PER_BLOCK", pairs_a_block)
    rng = np.random.default_rng(5)
    histories = [
        rng.choice(ITEMS, size=rng.integers(1, 6), replace=False).tolist() for _ in range(PEOPLE)
    ]

    found = Evidence.count(make_training(histories, make_courses([1] * ITEMS))).together.toarray()

    counted = np.zeros((ITEMS, ITEMS), int)
    for history in histories:
        counted[np.ix_(history, history)] += 1
    counted = np.triu(counted, k=1)
    counted[counted < MIN_TAKERS] = 0
    assert np.array_equal(found, counted)
    assert counted.any()


def told_of(took: int, people: int) -> bool:
    return MIN_TAKERS <= took <= people - MIN_TAKERS and people >= MIN_GROUP_PEOPLE


def test_what_may_not_be_told_is_not_stored() -> None:
    """23 of 25 with token 0 took course 1, the same 8 people 2 and 3, 58 of 60 course 4."""
    people = [[1]] * 23 + [[5]] * 2 + [[2, 3]] * 8 + [[5]] * 10 + [[6]] * 3 + [[]] * 14
    people = [[*row, 4] for row in people[:58]] + people[58:]
    found = Evidence.count(
        make_training(people, make_courses([1] * 8), tokens=[[0]] * 25 + [[1]] * 35)
    )
    assert found.item_people.tolist() == [0, 23, 8, 8, 0, 12, 0, 0]
    assert found.sold.tolist() == [False, True, True, True, True, True, True, False]
    assert found.token_took.toarray().tolist() == [
        [0] * 8,
        [0, 0, 8, 8, 0, 10, 0, 0],
        [0] * 8,
    ]
    assert np.array_equal(found.group_took.toarray(), found.token_took.toarray()[:2])
    assert found.group_people.tolist() == [25, 35]
    assert found.together.nnz == 0


def test_every_stored_count_is_told_of_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MAX_PAIRS_PER_BLOCK", 100)
    rng = np.random.default_rng(6)
    wanted = rng.random(ITEMS) * 1.1
    histories = [np.flatnonzero(rng.random(ITEMS) < wanted).tolist() for _ in range(60)]
    tokens = [[int(rng.integers(0, 3))] for _ in histories]
    found = Evidence.count(make_training(histories, make_courses([1] * ITEMS), tokens=tokens))

    sets = [{p for p, row in enumerate(histories) if item in row} for item in range(ITEMS)]
    for item, took in enumerate(sets):
        assert found.item_people[item] == len(took) * told_of(len(took), 60)
        for token in range(3):
            people = {person for person, own in enumerate(tokens) if token in own}
            both = len(took & people)
            assert found.token_took[token, item] == both * told_of(both, len(people))
        for other in range(item + 1, ITEMS):
            both = len(took & sets[other])
            groups = [len(s) for s in (took, sets[other]) if told_of(len(s), 60)]
            told = any(told_of(both, size) for size in groups)
            assert found.together[item, other] == both * told
            assert told == any(
                found.of_course(*pair) is not None for pair in ((item, other), (other, item))
            )
    assert 0 < found.together.nnz < ITEMS * (ITEMS - 1) / 2


def test_a_group_of_fewer_than_20_is_not_told_of() -> None:
    """6 of 12 took both: enough did and enough did not, but 12 people are few."""
    people = [[0, 1]] * 6 + [[0]] * 6 + [[1]] * 6 + [[2]] * 30
    found = Evidence.count(make_training(people, make_courses([1] * 3)))
    assert found.item_people.tolist() == [12, 12, 30]
    assert found.together.nnz == 0
    assert found.of_course(0, 1) is None
