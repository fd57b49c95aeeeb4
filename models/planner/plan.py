"""The best set of courses for one balance, in an order that can be kept, with a proof.

    maximise   sum of relevance - leftover_price * (balance - sum of prices)

over sets within balance, number, categories, near-duplicates and days (`PlanProblem`). As the
balance is given, this is a knapsack with values relevance_i + leftover_price * price_i. Of equal
values the set that leaves less over is taken; of equal courses the first in course order. What is
equal even then is decided by the order of the search, the same each time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from saldopas.models.planner.days import PlanDays, days_of
from saldopas.models.planner.problem import UNITS_PER_RELEVANCE, PlanProblem

STEP_LIMIT = 100_000_000


class Plan(NamedTuple):
    """Courses in the order in which they are bought; compare by `items`, not by `==`.

    Attributes:
        items: (k,) int64 positions among the candidates.
        total_rp, leftover_rp: rupiah; their sum is the balance.
        relevance: sum of the courses' relevance.
        value: relevance minus the priced leftover.
        optimal: proven that no allowed set is better.
        gap: a better set is better by at most this, in the objective's value; 0 when optimal.
        days: None where the problem has no days.
    """

    items: NDArray[np.int64]
    total_rp: int
    leftover_rp: int
    relevance: float
    value: float
    optimal: bool
    gap: float
    days: PlanDays | None


class Weights(NamedTuple):
    """What is maximised, in whole numbers: sum of relevance * units + price * rupiah."""

    relevance: int
    price: int


def declared_weights(problem: PlanProblem) -> Weights:
    """The problem's objective; `+ 1` breaks ties towards less leftover."""
    scale = problem.balance_rp + 1
    return Weights(scale, problem.leftover_units * scale + 1)


def least_leftover_weights(problem: PlanProblem) -> Weights:
    """The least leftover above all, then the most relevance."""
    most = int(problem.relevance_units.max(initial=0)) * problem.most_courses
    return Weights(1, most + 1)


def solve(problem: PlanProblem, *, step_limit: int = STEP_LIMIT) -> Plan:
    """Find the best plan for the problem's own objective.

    Args:
        problem: candidates, balance and rules.
        step_limit: of the search, about a hundred in a microsecond; past it the best found.

    Raises:
        PlanRefusedError: what must be in cannot be.
    """
    problem.check_must_include()
    return solve_for(problem, declared_weights(problem), step_limit=step_limit)


def solve_for(
    problem: PlanProblem,
    weights: Weights,
    *,
    step_limit: int,
    apart: tuple[NDArray[np.bool_], NDArray[np.int64]] | None = None,
) -> Plan:
    """Find the best plan for other weights; `gap` is in the value of `weights`.

    Args:
        problem: whose `must_include` was checked.
        weights: at most those that `PlanProblem` checked for overflow.
        step_limit: of the search.
        apart: (q, n) bool courses of earlier plans, and (q,) int64 how many courses of each may
            come again.
    """
    items, units, total, missing, _ = problem.solver.solve(
        weights.relevance, weights.price, step_limit, apart
    )
    leftover = problem.balance_rp - total
    return Plan(
        items,
        total,
        leftover,
        units / UNITS_PER_RELEVANCE,
        (units - problem.leftover_units * leftover) / UNITS_PER_RELEVANCE,
        missing == 0,
        missing / weights.relevance / UNITS_PER_RELEVANCE,
        None if problem.days is None else days_of(items, problem.days),
    )
