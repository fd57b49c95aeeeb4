"""Counts that reasons cite: of everybody's histories, however they are cut into blocks."""

from __future__ import annotations

import numpy as np
import pytest

from models import evidence
from models.evidence import FEWEST_TAKERS, Evidence
from tests.made import make_courses, make_training

PEOPLE, ITEMS = 400, 12


@pytest.mark.parametrize("pairs_a_block", [1, 700, 10**9])
def test_pairs_are_counted_in_any_number_of_blocks(
    pairs_a_block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "PAIRS_A_BLOCK", pairs_a_block)
    rng = np.random.default_rng(5)
    histories = [
        rng.choice(ITEMS, size=rng.integers(1, 6), replace=False).tolist() for _ in range(PEOPLE)
    ]

    found = Evidence.count(make_training(histories, make_courses([1] * ITEMS))).together.toarray()

    counted = np.zeros((ITEMS, ITEMS), int)
    for history in histories:
        counted[np.ix_(history, history)] += 1
    counted = np.triu(counted, k=1)
    counted[counted < FEWEST_TAKERS] = 0
    assert np.array_equal(found, counted)
    assert counted.any()
