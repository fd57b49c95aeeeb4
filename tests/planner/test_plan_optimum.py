"""No allowed set is better than the planner's: all sets and orders, CP-SAT and HiGHS agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from saldopas.models.planner.plan import declared_weights, solve
from saldopas.models.planner.problem import PlanProblem, PlanRefusedError

from tests.planner import oracles
from tests.planner.cases import KINDS, plain_case, random_case
from tests.planner.oracles import Optimum, value_of

NO_LIMIT = 10**9


def optimum_of(problem: PlanProblem) -> Optimum | None:
    try:
        plan = solve(problem, step_limit=NO_LIMIT)
    except PlanRefusedError:
        return None
    assert plan.optimal
    return value_of(problem, tuple(plan.items.tolist()))


@pytest.mark.parametrize("seed", range(400))
def test_small_problems_against_every_set_in_every_order(seed: int) -> None:
    problem = random_case(np.random.default_rng(seed), largest=7)
    assert optimum_of(problem) == oracles.by_enumeration(problem)


@pytest.mark.parametrize("without", [1, 2, 4, 8, 16, 32, 64, 127])
def test_no_part_of_the_search_changes_the_optimum(without: int) -> None:
    """Each `Layer` of `plan_search.hpp` switched off, then all of them."""
    for seed in range(150):
        problem = random_case(np.random.default_rng([5, seed]), largest=20)
        best = optimum_of(problem)
        if best is None:
            continue
        weights = declared_weights(problem)
        items, *_, missing, _ = problem.solver.solve(
            weights.relevance, weights.price, NO_LIMIT, without=without
        )
        assert missing == 0
        assert value_of(problem, tuple(items.tolist())) == best


@pytest.mark.parametrize("seed", range(60))
def test_problems_with_every_rule_against_cp_sat(seed: int) -> None:
    problem = random_case(np.random.default_rng(10_000 + seed), largest=60)
    assert optimum_of(problem) == oracles.by_cp_sat(problem)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("balance_rp", [300_000, 1_000_000, 3_500_000])
def test_correlated_prices_of_200_courses_against_highs(kind: str, balance_rp: int) -> None:
    problem = plain_case(np.random.default_rng(3), kind, balance_rp=balance_rp)
    assert solve(problem, step_limit=NO_LIMIT).value == pytest.approx(
        oracles.by_highs(problem), abs=1e-7
    )


def test_500_candidates_and_a_balance_that_eight_of_them_fill() -> None:
    rng = np.random.default_rng(1)
    problem = plain_case(rng, "weak", n=500)
    filled = int(problem.price_rp[rng.permutation(500)[:8]].sum())
    problem = replace(problem, balance_rp=filled, leftover_price=1e-6)
    assert solve(problem).leftover_rp == 0
    assert optimum_of(problem) == oracles.by_cp_sat(problem)


def test_full_categories_are_counted_in_the_bound() -> None:
    """Three categories of two: a bound that hopes for eight courses needs 10**10 steps here."""
    problem = random_case(np.random.default_rng([7, 6_548]))
    plan = solve(problem, step_limit=10**8)
    assert (plan.optimal, plan.leftover_rp, len(plan.items)) == (True, 0, 6)


def test_greedy_by_relevance_is_not_enough() -> None:
    """60 alone is worth .5 and keeps both of 50 out, worth .8 together."""
    plan = solve(PlanProblem(np.array([60, 50, 50]), np.array([0.5, 0.4, 0.4]), 100, 2))
    assert plan.items.tolist() == [1, 2]
    assert (plan.total_rp, plan.leftover_rp, plan.relevance, plan.optimal) == (100, 0, 0.8, True)


def test_a_priced_leftover_buys_the_dearer_course() -> None:
    """A rupiah left costs .01: .30 with 10 left (.20) loses to .25 with nothing left."""
    plan = solve(
        PlanProblem(np.array([90, 100]), np.array([0.30, 0.25]), 100, 1, leftover_price=0.01)
    )
    assert plan.items.tolist() == [1]
    assert plan.value == 0.25


def test_of_equal_relevance_less_is_left_and_of_equal_courses_the_first_is_taken() -> None:
    price, relevance = np.array([40, 50, 50, 50]), np.array([0.5, 0.5, 0.5, 0.5])
    assert solve(PlanProblem(price, relevance, 60, 1)).items.tolist() == [1]


def test_a_free_course_that_is_wanted_is_taken_without_money() -> None:
    plan = solve(PlanProblem(np.array([0, 0, 10]), np.array([0.2, 0.0, 0.9]), 0, 3))
    assert plan.items.tolist() == [0]


@pytest.mark.parametrize(
    ("n", "balance_rp", "max_courses"), [(0, 100, 3), (1, 0, 3), (1, 100, 0), (1, 99, 1)]
)
def test_an_empty_plan_where_nothing_can_be_bought(
    n: int, balance_rp: int, max_courses: int
) -> None:
    plan = solve(PlanProblem(np.full(n, 100, np.int64), np.full(n, 0.5), balance_rp, max_courses))
    assert plan.items.tolist() == []
    assert plan.leftover_rp == balance_rp
    assert plan.optimal


@pytest.mark.parametrize("seed", range(20))
def test_past_the_limit_the_gap_covers_what_was_missed(seed: int) -> None:
    problem = plain_case(np.random.default_rng(seed), "noisy line", balance_rp=3_500_000)
    best = solve(problem, step_limit=NO_LIMIT)
    early = solve(problem, step_limit=50)
    assert early.value <= best.value <= early.value + early.gap
    assert early.optimal == (early.gap == 0)


def test_the_limit_does_stop_a_search() -> None:
    problem = plain_case(np.random.default_rng(0), "noisy line", balance_rp=3_500_000)
    assert not solve(problem, step_limit=50).optimal


def test_a_number_of_courses_beyond_all_candidates_is_no_limit() -> None:
    problem = PlanProblem(np.array([60, 50, 50]), np.array([0.5, 0.4, 0.4]), 1_000, 10**9)
    assert sorted(solve(problem).items.tolist()) == [0, 1, 2]
