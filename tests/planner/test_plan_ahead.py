"""Looking one purchase ahead: what is left, and the best plan that begins with each course."""

from __future__ import annotations

import numpy as np
import pytest
from saldopas.models.planner.ahead import what_is_left
from saldopas.models.planner.plan import solve
from saldopas.models.planner.problem import PlanProblem, PlanRefusedError

from tests.planner.cases import plain_case, random_case
from tests.planner.oracles import order_in_time, set_allowed, value_of


def best_beginning_with(problem: PlanProblem, first: int) -> int | None:
    """Value in 1e-9 of the best plan, over all orders that begin with a course."""
    from itertools import combinations, permutations

    others = [i for i in range(problem.n_items) if i != first]
    best = None
    for size in range(problem.max_courses):
        for rest in combinations(others, size):
            if set_allowed(problem, (first, *rest)) and any(
                order_in_time(problem, (first, *order)) for order in permutations(rest)
            ):
                value = value_of(problem, (first, *rest))[0]
                best = value if best is None else max(best, value)
    return best


@pytest.mark.parametrize("seed", range(150))
def test_every_course_against_all_orders_that_begin_with_it(seed: int) -> None:
    problem = random_case(np.random.default_rng(500 + seed), largest=6)
    try:
        ahead = what_is_left(problem, step_limit=10**8)
    except PlanRefusedError:
        return
    for first in range(problem.n_items):
        best = best_beginning_with(problem, first)
        assert ahead.possible[first] == (best is not None)
        if best is not None:
            assert round(ahead.value[first] * 1e9) == best
            assert ahead.optimal[first]


def test_the_best_plan_begins_with_any_of_its_courses() -> None:
    problem = plain_case(np.random.default_rng(0), "weak")
    plan = solve(problem)
    ahead = what_is_left(problem)
    assert ahead.value[plan.items] == pytest.approx(plan.value)
    assert ahead.value.max() == pytest.approx(plan.value)


def test_strands_where_the_rest_is_below_every_other_course() -> None:
    """Of 100: after 70 only 30 are left, too little for 40; after 60 the 40 fits; 100 ends at 0."""
    problem = PlanProblem(np.array([70, 60, 40, 100]), np.array([0.5, 0.4, 0.3, 0.2]), 100, 3)
    ahead = what_is_left(problem)
    assert ahead.leftover_rp.tolist() == [30, 40, 60, 0]
    assert ahead.strands.tolist() == [True, False, False, False]
    assert ahead.plan_leftover_rp.tolist() == [30, 0, 0, 0]
    assert ahead.next_item.tolist() == [-1, 2, 1, -1]


def test_what_is_not_affordable_is_not_possible() -> None:
    ahead = what_is_left(PlanProblem(np.array([50, 101]), np.array([0.5, 0.9]), 100, 2))
    assert ahead.possible.tolist() == [True, False]
