"""What is clearly better: beyond the noise of people, and beyond what a few courses decide."""

from __future__ import annotations

import numpy as np
import pytest
from saldopas.training_pipeline.evaluating.evaluation import (
    MAIN_METRIC,
    Gains,
    evaluate_policy,
    gains_of_hits,
    gains_of_lists,
)
from saldopas.training_pipeline.training.selection import untried_recipe

from tests.small_world import SmallWorld


def gains(by_decision: list[float], by_course: list[float]) -> Gains:
    """Each decision is another person's."""
    return of(np.array(by_decision, float), np.array(by_course, float))


def of(by_decision: np.ndarray, by_course: np.ndarray) -> Gains:
    return Gains(by_decision, np.arange(len(by_decision)), by_course)


def test_by_hand() -> None:
    hits = np.array([[True, False, True], [False, False, False], [False, True, False]])
    item_idx = np.array([[4, 0, 2], [1, 2, 3], [0, 2, 1]])
    found = gains_of_hits(hits, item_idx, np.array([2, 1, 1]), np.arange(3), n_items=6)
    third, second, two = 1 / 2, 1 / np.log2(3), 1 + 1 / np.log2(3)
    np.testing.assert_allclose(found.by_decision, [(1 + third) / two, 0, second])
    np.testing.assert_allclose(found.by_course, [0, 0, third / two + second, 0, 1 / two, 0])


@pytest.mark.parametrize("group", ["all", "warm", "new"])
def test_both_ways_sum_to_the_metric_that_is_chosen_by(small_world: SmallWorld, group: str) -> None:
    cut = small_world.cuts[0]
    policy = untried_recipe("popularity", {}).fit(cut.train, seed=7)
    found = evaluate_policy(policy, small_world.data, cut)
    taken = gains_of_lists(found.lists, cut.cases, found.groups[group])
    assert taken.mean == pytest.approx(found.mean(MAIN_METRIC, group))
    assert taken.by_course.sum() == pytest.approx(taken.by_decision.sum())
    assert taken.by_decision.sum() > 0


def test_a_difference_within_the_noise_of_people_is_not_clear() -> None:
    rng = np.random.default_rng(0)
    base = np.full(1_000, 0.5)
    spread = np.full(100, 5.0)
    noisy = rng.normal(0.01, 0.5, 1_000)
    assert not gains([*base], [*spread]).clearly_above(gains([*base], [*spread]))
    assert not of(base + noisy, spread + noisy.sum() / 100).clearly_above(of(base, spread))
    assert of(base + 0.01, spread + 0.1).clearly_above(of(base, spread))
    assert not of(base - 0.01, spread - 0.1).clearly_above(of(base, spread))


def test_a_gain_that_rests_on_one_course_is_not_clear() -> None:
    decisions, nothing = np.full(1_000, 0.02), np.zeros(1_000)
    for courses, clear in ((1, False), (4, False), (5, True), (200, True)):
        by_course = np.zeros(300)
        by_course[:courses] = decisions.sum() / courses
        without = of(nothing, np.zeros(300))
        assert of(decisions, by_course).clearly_above(without) is clear
        assert of(decisions, by_course).above_for_people(without)


def test_a_bestseller_that_gains_in_several_windows_counts_in_each() -> None:
    window, nothing = gains([0.5] * 10, [5.0]), gains([0.0] * 10, [0.0])
    assert not window.clearly_above(nothing)
    assert Gains.joined([window] * 5).clearly_above(Gains.joined([nothing] * 5))


def test_nobody_gains_nothing() -> None:
    nobody = gains([], [0.0])
    assert nobody.mean is None
    assert not nobody.clearly_above(nobody)


def test_what_one_person_decides_is_one_observation() -> None:
    """Of gains around zero that a person's decisions share, one in forty is taken for clear."""
    rng, taken = np.random.default_rng(0), 0
    for _ in range(1_000):
        person = np.repeat(np.arange(300), rng.integers(1, 6, 300))
        shared = rng.normal(0, 0.1, 300)[person] + rng.normal(0, 0.05, len(person))
        nothing = np.zeros(len(person))
        taken += Gains(shared, person, nothing).above_for_people(Gains(nothing, person, nothing))
    assert 10 <= taken <= 40  # 23 expected; each decision for itself: about 120
