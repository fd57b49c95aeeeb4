"""Probabilities computed by hand from curves of a few knots."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray
from saldopas.features.encoding.batch import ParticipantBatch
from saldopas.models.policy.calibration import LEVELS, Calibration, curve_of, ranked_pairs
from saldopas.models.policy.policy import Policy, Stage

from tests.made import make_batch, make_courses, make_requests

PRICES = (10, 20, 30, 40)


@dataclass(frozen=True)
class Fixed:
    """A model that gives everybody the same scores."""

    scores: tuple[float, ...]
    name = "fixed"
    uses = frozenset({"history", "profile"})

    def score(self, batch: ParticipantBatch) -> NDArray[np.float32]:
        return np.tile(np.array(self.scores, np.float32), (batch.n_rows, 1))


def policy() -> Policy:
    """The history stage knows courses 0 and 1; popularity ranks the others."""
    stages = (
        Stage("history", Fixed((1.0, 2.0, 0.0, 0.0))),
        Stage("popular", Fixed((9.0, 9.0, 5.0, 1.0))),
    )
    return Policy(stages, make_courses(PRICES))


def curves(expected: float = 1.0) -> Calibration:
    """History: g(1) = 0.1, g(2) = 0.3, popularity: g(1) = 0.02, g(5) = 0.1; else constant.

    Of whoever popularity alone ranks: g(1) = 0.1, g(9) = 0.9.
    """
    knots = [[1.0, 2.0]] * LEVELS + [[1.0, 5.0]] * LEVELS + [[1.0, 9.0]] * LEVELS
    values = [[0.1, 0.3]] * LEVELS + [[0.02, 0.1]] * LEVELS + [[0.1, 0.9]] * LEVELS
    return Calibration(
        indptr=np.arange(0, 2 * len(knots) + 1, 2),
        score=np.concatenate(knots),
        chance=np.concatenate(values),
        mass=np.array([0.5]),
        expected=np.array([expected]),
        price=np.zeros(1),
        price_factor=np.ones(1),
        share=np.zeros(1),
        share_factor=np.ones(1),
    )


def test_each_course_is_read_from_the_curve_of_the_stage_that_ranks_it() -> None:
    requests = make_requests(make_batch([[3]], n_items=4))
    found = curves(0.5).probabilities(policy(), requests)
    np.testing.assert_allclose(found, [[0.1, 0.3, 0.1, 0.0]])  # mass 0.5, and course 3 is owned


def test_probabilities_of_what_is_allowed_add_up_to_what_is_expected() -> None:
    requests = make_requests(
        make_batch([[3], []], n_items=4),
        has_balance=np.array([True, True]),
        balance_rp=np.array([20, 40]),
    )
    found = curves(1.0).probabilities(policy(), requests)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    np.testing.assert_allclose(found[0], [0.25, 0.75, 0.0, 0.0])  # 0.1 and 0.3 of 0.4
    # without a history popularity ranks all four, on a curve of its own
    np.testing.assert_allclose(found[1], np.array([0.9, 0.9, 0.5, 0.1]) / 2.4)


def test_nothing_allowed_is_nothing_probable() -> None:
    requests = make_requests(
        make_batch([[]], n_items=4), has_balance=np.array([True]), balance_rp=np.array([9])
    )
    assert curves().probabilities(policy(), requests).tolist() == [[0.0, 0.0, 0.0, 0.0]]


def test_price_and_share_of_the_balance_are_factors() -> None:
    """u is 3 at Rp20; v is 1 at a half of the balance, 2 at all of it, 1.5 between."""
    priced = replace(
        curves(),
        price=np.log1p([10, 20]),
        price_factor=np.array([1.0, 3.0]),
        share=np.array([0.5, 1.0]),
        share_factor=np.array([1.0, 2.0]),
    )
    requests = make_requests(
        make_batch([[3], [3]], n_items=4),
        has_balance=np.array([True, False]),
        balance_rp=np.array([20, 0]),
    )
    found = priced.probabilities(policy(), requests)
    np.testing.assert_allclose(found[0], [0.1 / 1.9, 1.8 / 1.9, 0, 0])  # 0.3 * 3 * 2
    np.testing.assert_allclose(found[1, 1] / found[1, 0], 9)  # without a balance u alone


def test_ranked_pairs_are_those_of_the_policy() -> None:
    requests = make_requests(make_batch([[3], []], n_items=4), count=np.array([4, 4]))
    answered = policy().recommend(requests)
    scores, place = ranked_pairs(policy(), requests, policy().allowed(requests).allowed)
    sources = {0: 0, 1: 2, 2: 2}  # place of the stage -> place of its source
    for row in range(2):
        inside = answered.row(row)
        items = answered.item_idx[inside]
        np.testing.assert_array_equal(scores[row, items], answered.scores[inside])
        told = [sources[int(at)] for at in place[row, items]]
        assert told == answered.source[inside].tolist()
    assert place.tolist() == [[0, 0, 1, -1], [2, 2, 2, 2]]  # 2: popularity ranks all


def test_levels_share_a_stage_but_not_a_curve() -> None:
    at = {curve_of(stage, level) for stage in range(3) for level in range(LEVELS)}
    assert at == set(range(3 * LEVELS))
    changed = curves()
    chance = changed.chance.copy()
    chance[2 * curve_of(0, 1) + 1] = 0.9  # g(2) after one purchase
    changed = replace(changed, chance=chance)
    one, two = make_batch([[3]], n_items=4), make_batch([[3, 2]], n_items=4)
    after_one = changed.probabilities(policy(), make_requests(one))
    assert after_one[0, 1] / after_one[0, 0] == pytest.approx(9)
    after_two = changed.probabilities(policy(), make_requests(two))
    assert after_two[0, 1] / after_two[0, 0] == pytest.approx(3)
