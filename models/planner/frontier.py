"""Three to five plans between the most relevance and the least left over.

The ends are exact: `best_match` has the largest value of the problem's own objective,
`least_left` the least leftover there is and then the most relevance. Between two neighbours
(R1, T1), (R2, T2) of relevance and spending the next plan maximises

    (T2 - T1) * relevance + (R1 - R2) * spending,

the direction in which the straight line between them is flat: the point farthest above it (the
non-inferior set estimation of Cohon 1978; Aneja and Nair 1979). Weights are whole numbers, so
these points lie exactly on the frontier, at the corners of its hull. One is offered if it is truly
different: it leaves out at least a third of the courses (without those that must be in) of every
plan before it. Where fewer than three plans come of that, the best truly different ones are
added, on the frontier or not. Only the two ends may be alike but for one course.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from saldopas.models.planner.plan import (
    Plan,
    Weights,
    declared_weights,
    least_leftover_weights,
    solve,
    solve_for,
)
from saldopas.models.planner.problem import UNITS_PER_RELEVANCE, PlanProblem

Key = Literal["best_match", "balanced", "least_left", "other"]
NAMES: dict[Key, str] = {
    "best_match": "Paling cocok",
    "balanced": "Seimbang",
    "least_left": "Saldo paling habis",
    "other": "Pilihan lain",
}
NAMES_EN: dict[Key, str] = {
    "best_match": "Best match",
    "balanced": "Balanced",
    "least_left": "Least left over",
    "other": "Another option",
}
STEP_LIMIT = 400_000
FEWEST = 3
MOST_DIRECTIONS = 4


@dataclass(frozen=True)
class Alternative:
    """One plan of several.

    Attributes:
        keys: what it is; two where the best match also leaves the least.
        plan: its `gap` is in the value that it was chosen by.
        on_frontier: no plan before it has as much relevance and as little left over.
        gap_rp: of a least left that is not proven, how much less might be left; 0: nothing less,
            only more relevance, by the plan's gap at most.
    """

    keys: tuple[Key, ...]
    plan: Plan
    on_frontier: bool
    gap_rp: int = 0

    @property
    def name(self) -> str:
        """What participants read."""
        return " · ".join(NAMES[key] for key in self.keys)

    @property
    def name_en(self) -> str:
        """The same in English."""
        return " · ".join(NAMES_EN[key] for key in self.keys)


def alternatives(
    problem: PlanProblem, *, most: int = 5, step_limit: int = STEP_LIMIT
) -> tuple[Alternative, ...]:
    """The best match first, then balanced, least left, and others; fewer where none are different.

    Args:
        problem: what is to be planned.
        most: at most so many, at least 1.
        step_limit: of each search.

    Raises:
        PlanRefusedError: what must be in cannot be.
    """
    best = solve(problem, step_limit=step_limit)
    if len(best.items) == len(problem.must_include):
        return (Alternative(("best_match", "least_left"), best, True),)
    least = solve_for(problem, least_leftover_weights(problem), step_limit=step_limit)
    gap_rp = _less_left(problem, least)
    if least.leftover_rp >= best.leftover_rp:
        gap_rp = max(best.leftover_rp - (least.leftover_rp - gap_rp), 0)
        found = [Alternative(("best_match", "least_left"), best, True, gap_rp)]
    elif most == 1:
        found = [Alternative(("best_match",), best, True)]
    else:
        above = Alternative(("best_match",), best, True)
        below = Alternative(("least_left",), least, True, gap_rp)
        found = _between(problem, above, below, most, step_limit)
    while len(found) < min(most, FEWEST):
        plans = [one.plan for one in found]
        plan = _different(problem, plans, step_limit)
        if plan is None:
            break
        found.append(Alternative(("other",), plan, not _matched(plan, plans)))
    return tuple(found)


def _between(
    problem: PlanProblem, best: Alternative, least: Alternative, most: int, step_limit: int
) -> list[Alternative]:
    """The two ends and what lies between them: first the middle, then to both sides of it."""
    plans = [best.plan, least.plan]
    inner: list[Alternative] = []
    gaps = [(best.plan, least.plan)]
    for _ in range(MOST_DIRECTIONS):
        if not gaps or len(plans) == most:
            break
        above, below = gaps.pop(0)
        plan = _flat_between(problem, above, below, step_limit)
        if plan is None:
            continue
        gaps += [(above, plan), (plan, below)]
        if all(_is_new(problem, plan, other) for other in plans) and not _matched(plan, plans):
            inner.append(Alternative(("other",) if inner else ("balanced",), plan, True))
            plans.append(plan)
    return [best, *inner[:1], least, *inner[1:]]


def _less_left(problem: PlanProblem, least: Plan) -> int:
    """Rupiah by which less might be left: a rupiah weighs more than all relevance together."""
    weights = least_leftover_weights(problem)
    missing = round(least.gap * UNITS_PER_RELEVANCE) * weights.relevance
    most = min((missing + weights.price - 1) // weights.price, least.leftover_rp)
    unit = max(int(np.gcd.reduce(problem.price_rp)), 1)  # of what plans can differ by
    return most // unit * unit


def _flat_between(problem: PlanProblem, above: Plan, below: Plan, step_limit: int) -> Plan | None:
    """The plan farthest above the line between two; None where none is above it."""
    units = problem.relevance_units
    more_spent = below.total_rp - above.total_rp
    less_wanted = int(units[above.items].sum() - units[below.items].sum())
    if more_spent <= 0 or less_wanted <= 0:
        return None
    plan = solve_for(problem, Weights(more_spent, less_wanted), step_limit=step_limit)
    gain = more_spent * int(units[plan.items].sum() - units[above.items].sum())
    gain += less_wanted * (plan.total_rp - above.total_rp)
    return plan if gain > 0 else None


def _different(problem: PlanProblem, plans: Sequence[Plan], step_limit: int) -> Plan | None:
    """The best plan that is truly different from all of `plans`; None where there is none."""
    earlier = _earlier(problem, plans)
    plan = solve_for(
        problem,
        declared_weights(problem),
        step_limit=step_limit,
        apart=(earlier, _most_shared(earlier)),
    )
    if any(set(plan.items.tolist()) <= set(other.items.tolist()) for other in plans):
        return None
    return plan


def _earlier(problem: PlanProblem, plans: Sequence[Plan]) -> NDArray[np.bool_]:
    """(q, n) the courses of each plan that were free to choose."""
    earlier = np.zeros((len(plans), problem.n_items), np.bool_)
    for row, plan in enumerate(plans):
        earlier[row, plan.items] = True
    earlier[:, list(problem.must_include)] = False
    return earlier


def _most_shared(earlier: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(q,) how many of them may come again: all but a third, rounded up."""
    free = earlier.sum(axis=1)
    most: NDArray[np.int64] = free - -(-free // 3)
    return most


def _is_new(problem: PlanProblem, plan: Plan, other: Plan) -> bool:
    """Whether `plan` leaves out at least a third of the free courses of `other`."""
    free = set(other.items.tolist()) - set(problem.must_include)
    return len(free.intersection(plan.items.tolist())) <= len(free) - -(-len(free) // 3)


def _matched(plan: Plan, plans: Sequence[Plan]) -> bool:
    """Whether one of `plans` is at least as good in both."""
    return any(
        other.relevance >= plan.relevance and other.leftover_rp <= plan.leftover_rp
        for other in plans
    )
