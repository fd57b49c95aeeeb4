"""What each single course leaves: the money, and the best plan that begins with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from saldopas.models.planner.plan import declared_weights
from saldopas.models.planner.problem import UNITS_PER_RELEVANCE, PlanProblem

STEP_LIMIT = 20_000


@dataclass(frozen=True, eq=False)
class LookAhead:
    """Arrays (n,) over the candidates; where `possible` is False the others are 0, False or -1.

    Attributes:
        possible: bool, some allowed plan begins with the course.
        leftover_rp: int64, the balance after this course alone.
        strands: bool, something is left and no other candidate may follow.
        value: float64, of the best plan that begins with the course, by the problem's objective.
        plan_leftover_rp: int64, what that plan leaves.
        next_item: int64, the most relevant other course of that plan, -1 for none.
        optimal: bool, that plan is proven to be the best.
    """

    possible: NDArray[np.bool_]
    leftover_rp: NDArray[np.int64]
    strands: NDArray[np.bool_]
    value: NDArray[np.float64]
    plan_leftover_rp: NDArray[np.int64]
    next_item: NDArray[np.int64]
    optimal: NDArray[np.bool_]


def what_is_left(problem: PlanProblem, *, step_limit: int = STEP_LIMIT) -> LookAhead:
    """Looks one purchase ahead, for every candidate.

    Args:
        problem: its `must_include` must be in every plan, after the first course.
        step_limit: of the search for each candidate.

    Raises:
        PlanRefusedError: what must be in cannot be.
    """
    problem.check_must_include()
    weights = declared_weights(problem)
    numbers, flags = problem.solver.look_ahead(weights.relevance, weights.price, step_limit)
    leftover, units, plan_leftover, next_item = numbers
    possible, strands, optimal = flags
    value = (units - problem.leftover_units * plan_leftover) / UNITS_PER_RELEVANCE
    return LookAhead(possible, leftover, strands, value, plan_leftover, next_item, optimal)
