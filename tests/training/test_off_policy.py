"""Estimates against hand-computed values and against worlds whose true value is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from saldopas.training_pipeline.evaluating.off_policy.estimate import Estimate, estimate_value
from saldopas.training_pipeline.evaluating.off_policy.exploring import ExploringRanking
from saldopas.training_pipeline.evaluating.off_policy.served_lists import ServedLists
from saldopas.training_pipeline.evaluating.off_policy.weights import (
    CannotEstimateError,
    OffPolicyConfig,
    RefusalReason,
    effective_size,
)
from saldopas.training_pipeline.evaluating.statistics import likelihood_interval

from benchmarks.simulated_log import (
    World,
    WorldConfig,
    by_slot,
    draw_log,
    first_liked,
    make_world,
    true_value_by_slot,
    true_value_first_liked,
)

ESTIMATORS = ("ips", "snips", "doubly_robust")
EASY = OffPolicyConfig(min_effective_lists=2, min_effective_purchases=2, max_weight_share=1)
EASY_FEW = EASY.model_copy(update={"min_effective_lists": 0, "min_effective_purchases": 0})


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(WorldConfig(courses=6, slots=2), seed=5)


@pytest.fixture(scope="module")
def log(world: World) -> tuple[ServedLists, ExploringRanking]:
    lists, kind = draw_log(world, by_slot, participants=1_500, seed=1)
    return lists, world.target.take(kind)


def one_slot() -> tuple[ServedLists, ExploringRanking]:
    """Four lists of one slot and two courses; the target shows course 1, the logger drew evenly."""
    items = np.array([[0], [1], [1], [0]] * 25)
    lists = ServedLists(
        course_ids=("c0", "c1"),
        units=np.arange(100),
        filled=np.ones((100, 1), bool),
        item_idx=items,
        at_slot=np.full((100, 1), 0.5),
        given_above=None,
        reward=np.array([[1.0], [1.0], [0.0], [0.0]] * 25),
        pool=np.full((100, 1), 3, np.uint8),
    )
    return lists, ExploringRanking(np.ones((100, 1), np.int64), np.ones((100, 1), bool), 0.0)


def test_estimates_by_hand() -> None:
    lists, target = one_slot()
    found = estimate_value(lists, target, EASY, seed=0)
    assert found.logged.value == 0.5
    assert found.ips.value == 0.5  # 25 purchases of course 1 at weight 2, over 100
    assert found.effective_lists == 50
    assert found.effective_purchases == 25
    few = lists.take(np.arange(3))  # weights 0 2 2, rewards 1 1 0
    found = estimate_value(few, target.take(np.arange(3)), EASY_FEW, seed=0)
    assert found.ips.value == pytest.approx(2 / 3)
    assert found.snips.value == 0.5
    assert found.mean_weight == pytest.approx([4 / 3])


def test_the_effective_size_of_equal_weights_is_their_number() -> None:
    assert effective_size(np.array([[2.0], [2.0], [0.0]])).tolist() == [2.0]
    assert effective_size(np.zeros((3, 1))).tolist() == [0.0]


@pytest.mark.parametrize("assumption", ["item-position", "cascade", "list"])
def test_the_logger_is_worth_what_it_earned(world: World, assumption: str) -> None:
    lists, kind = draw_log(world, by_slot, participants=800, seed=4)
    config = EASY.model_copy(update={"assumption": assumption})
    found = estimate_value(lists, world.logger.take(kind), config, seed=0)
    for name in ("ips", "snips"):
        assert getattr(found, name).value == pytest.approx(found.logged.value)
    assert found.effective_lists == pytest.approx(lists.n_lists)


def test_snips_of_a_sure_purchase_is_exactly_one_a_slot(
    log: tuple[ServedLists, ExploringRanking],
) -> None:
    lists, target = log
    sure = replace(lists, reward=lists.filled.astype(float))
    found = estimate_value(sure, target, EASY, seed=0)
    assert found.snips.value == pytest.approx(2.0)
    assert found.snips.low == pytest.approx(2.0)
    assert found.ips.low < found.ips.high


@pytest.mark.parametrize(
    ("choose", "exact", "assumption"),
    [
        (by_slot, true_value_by_slot, "item-position"),
        (by_slot, true_value_by_slot, "cascade"),
        (first_liked, true_value_first_liked, "cascade"),
        (first_liked, true_value_first_liked, "list"),
    ],
)
def test_estimates_hit_the_true_value(world: World, choose, exact, assumption: str) -> None:
    """60 logs: the mean estimate lies within four of its standard errors, intervals cover."""
    truth = exact(world, world.target)
    config = EASY.model_copy(update={"assumption": assumption})
    found = []
    for seed in range(60):
        lists, kind = draw_log(world, choose, participants=700, seed=100 * seed)
        found.append(estimate_value(lists, world.target.take(kind), config, seed=seed))
    for name in ESTIMATORS:
        values = np.array([getattr(value, name).value for value in found])
        error = values.std(ddof=1) / np.sqrt(len(values))
        assert abs(values.mean() - truth) < 4 * error, name
        covered = [getattr(v, name).low <= truth <= getattr(v, name).high for v in found]
        assert np.mean(covered) > 0.83, name  # 95 % of 60, less four standard errors


def test_assuming_too_much_of_people_is_wrong() -> None:
    """Where a liked course hides those below it, item-position misses and cascade does not."""
    hidden = make_world(
        WorldConfig(courses=4, slots=3, relevance=0.5, attention=1, logger_epsilon=0.9), seed=2
    )
    truth = true_value_first_liked(hidden, hidden.target)
    lists, kind = draw_log(hidden, first_liked, participants=12_000, seed=8)
    target = hidden.target.take(kind)
    wrong = estimate_value(lists, target, EASY, seed=0)
    cascade = EASY.model_copy(update={"assumption": "cascade"})
    right = estimate_value(lists, target, cascade, seed=0)
    assert abs(misses(wrong.doubly_robust, truth)) > 6
    assert abs(misses(right.doubly_robust, truth)) < 4


def misses(estimate: Estimate, truth: float) -> float:
    """By how many standard errors, read off the 95 % interval."""
    return (estimate.value - truth) / ((estimate.high - estimate.low) / 3.92)


def test_the_reward_model_narrows_the_interval(log: tuple[ServedLists, ExploringRanking]) -> None:
    lists, target = log
    sure = replace(lists, reward=(lists.item_idx % 2 == 0) * lists.filled * 1.0)
    found = estimate_value(sure, target, EASY, seed=0)
    width = found.doubly_robust.high - found.doubly_robust.low
    assert width < 0.5 * (found.ips.high - found.ips.low)


def test_clipping_is_declared_and_lowers_ips(log: tuple[ServedLists, ExploringRanking]) -> None:
    lists, target = log
    plain = estimate_value(lists, target, EASY, seed=0)
    clipped = estimate_value(lists, target, EASY.model_copy(update={"clip": 2.0}), seed=0)
    assert clipped.clip == 2.0
    assert clipped.clipped_share > 0
    assert clipped.ips.value < plain.ips.value
    assert clipped.effective_lists > plain.effective_lists
    assert clipped.largest_weight == plain.largest_weight > 2


def test_missing_support_is_refused(log: tuple[ServedLists, ExploringRanking]) -> None:
    lists, target = log
    away = ~np.isin(np.arange(8), target.ranked[0])  # what list 0's target shows, for this list
    pool = lists.pool.copy()
    pool[0] &= np.packbits(away, bitorder="little")
    with pytest.raises(
        CannotEstimateError, match=r"support is missing: in 0\.03% of the lists"
    ) as told:
        estimate_value(replace(lists, pool=pool), target, EASY, seed=0)
    assert told.value.reason is RefusalReason.SUPPORT
    allowed = EASY.model_copy(update={"max_outside": 0.01})
    found = estimate_value(replace(lists, pool=pool), target, allowed, seed=0)
    assert found.outside_share == pytest.approx(1 / lists.n_lists)


def test_a_logger_that_never_explores_answers_for_nobody_else(world: World) -> None:
    still = replace(world, logger=replace(world.logger, epsilon=0.0))
    lists, kind = draw_log(still, by_slot, participants=1_500, seed=3)
    with pytest.raises(CannotEstimateError, match="average"):
        estimate_value(lists, world.target.take(kind), EASY, seed=0)


def test_wrong_chances_are_noticed(log: tuple[ServedLists, ExploringRanking]) -> None:
    lists, target = log
    assert lists.at_slot is not None
    wrong = replace(lists, at_slot=np.minimum(1.4 * lists.at_slot, 1.0))
    with pytest.raises(CannotEstimateError, match="the logged chances are wrong"):
        estimate_value(wrong, target, EASY, seed=0)


def test_a_small_sample_is_refused(log: tuple[ServedLists, ExploringRanking]) -> None:
    lists, target = log
    some = np.arange(120)
    with pytest.raises(CannotEstimateError, match="too little is known of the target"):
        estimate_value(lists.take(some), target.take(some), OffPolicyConfig(), seed=0)
    heavy = OffPolicyConfig(assumption="cascade", max_weight_share=0.001)
    with pytest.raises(CannotEstimateError, match="a single list has"):
        estimate_value(lists, target, heavy, seed=0)
    rare = replace(lists, reward=lists.reward * (np.arange(lists.n_lists) < 40)[:, None])
    with pytest.raises(CannotEstimateError, match="too few purchases"):
        estimate_value(rare, target, OffPolicyConfig(), seed=0)


def test_without_the_chances_that_an_assumption_needs_it_is_refused(
    log: tuple[ServedLists, ExploringRanking],
) -> None:
    lists, target = log
    with pytest.raises(CannotEstimateError, match="propensity_at_slot"):
        estimate_value(replace(lists, at_slot=None), target, EASY, seed=0)
    cascade = EASY.model_copy(update={"assumption": "cascade"})
    with pytest.raises(CannotEstimateError, match="propensity_given_above"):
        estimate_value(replace(lists, given_above=None), target, cascade, seed=0)


def test_lists_of_another_length_are_refused(log: tuple[ServedLists, ExploringRanking]) -> None:
    lists, target = log
    shorter = replace(target, filled=target.filled & (np.arange(2) < 1))
    with pytest.raises(CannotEstimateError, match="not as long as the logged ones"):
        estimate_value(lists, shorter, EASY, seed=0)


def test_requests_of_one_participant_are_one_piece_of_evidence(
    log: tuple[ServedLists, ExploringRanking],
) -> None:
    lists, target = log
    places = np.repeat(np.arange(lists.n_lists), 2)
    twice = estimate_value(lists.take(places), target.take(places), EASY, seed=0)
    once = estimate_value(lists, target, EASY, seed=0)
    width = once.ips.high - once.ips.low
    assert twice.ips.high - twice.ips.low == pytest.approx(width)


def test_the_influence_of_a_participant_is_what_leaving_them_out_changes(
    log: tuple[ServedLists, ExploringRanking],
) -> None:
    """SNIPS against the infinitesimal jackknife's finite steps (Tukey 1958)."""
    lists, target = log
    people = 200
    some = np.flatnonzero(lists.units < people)
    lists, target = lists.take(some), target.take(some)
    found = estimate_value(lists, target, EASY, seed=0).snips
    without = []
    for unit in range(people):
        rest = np.flatnonzero(lists.units != unit)
        without.append(estimate_value(lists.take(rest), target.take(rest), EASY, seed=0).snips)
    steps = (people - 1) * (found.value - np.array([[snips.value] for snips in without]))
    wanted = likelihood_interval(
        np.array([found.value]), steps - steps.mean(), clusters=np.arange(people)
    )
    assert found.low == pytest.approx(wanted.low[0], rel=0.01)
    assert found.high == pytest.approx(wanted.high[0], rel=0.01)
