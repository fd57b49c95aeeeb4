"""Other ways to the same optimum: all sets and orders, CP-SAT, HiGHS. None uses our lemmas."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, permutations

import numpy as np
from ortools.sat.python import cp_model
from saldopas.models.planner.problem import PlanProblem
from scipy.optimize import Bounds, LinearConstraint, milp

BILLION = 1_000_000_000
LARGEST_OBJECTIVE = 2**60
Optimum = tuple[int, int]  # value in 1e-9, rupiah spent: compared in this order


def value_of(problem: PlanProblem, items: tuple[int, ...]) -> Optimum:
    """The objective of a set, exact in units of 1e-9, and what it spends."""
    spent = sum(int(problem.price_rp[i]) for i in items)
    relevance = sum(round(Fraction(float(problem.relevance[i])) * BILLION) for i in items)
    leftover_price = round(Fraction(problem.leftover_price) * BILLION)
    return relevance - leftover_price * (problem.balance_rp - spent), spent


def order_in_time(problem: PlanProblem, order: tuple[int, ...]) -> bool:
    """Whether the courses can be taken in this order, day by day."""
    days = problem.days
    if days is None:
        return True
    window = days.window
    day = window.first_day
    for place, i in enumerate(order):
        start = day + int(days.lead[i])
        finish = start + max(int(days.duration[i]), 1) - 1
        if place == 0 and day > window.first_by:
            return False
        if day > window.last_purchase_day or day > days.last_sale_day[i]:
            return False
        if finish > window.finish_by:
            return False
        day = finish + window.rating_days + window.pause_days
    return True


def set_allowed(problem: PlanProblem, items: tuple[int, ...]) -> bool:
    """Every rule but the days."""
    if not set(problem.must_include) <= set(items) or len(items) > problem.max_courses:
        return False
    if sum(int(problem.price_rp[i]) for i in items) > problem.balance_rp:
        return False
    if problem.max_per_category is not None and problem.category is not None:
        counts = np.unique(problem.category[list(items)], return_counts=True)[1]
        if (counts > problem.max_per_category).any():
            return False
    pairs = [] if problem.near_duplicates is None else problem.near_duplicates.tolist()
    return not any(one in items and other in items for one, other in pairs)


def by_enumeration(problem: PlanProblem) -> Optimum | None:
    """All sets, each in all orders; None where no set is allowed."""
    best: Optimum | None = None
    for size in range(min(problem.max_courses, problem.n_items) + 1):
        for items in combinations(range(problem.n_items), size):
            if not set_allowed(problem, items):
                continue
            value = value_of(problem, items)
            if best is not None and value <= best:
                continue
            if any(order_in_time(problem, order) for order in permutations(items)):
                best = value
    return best


def by_cp_sat(problem: PlanProblem) -> Optimum | None:
    """CP-SAT with optional intervals on one machine; None where no set is allowed."""
    model = cp_model.CpModel()
    n = problem.n_items
    take = [model.new_bool_var(f"take{i}") for i in range(n)]
    for i in problem.must_include:
        model.add(take[i] == 1)
    model.add(sum(take) <= problem.max_courses)
    model.add(
        cp_model.LinearExpr.weighted_sum(take, problem.price_rp.tolist()) <= problem.balance_rp
    )
    if problem.max_per_category is not None and problem.category is not None:
        for category in np.unique(problem.category):
            members = np.flatnonzero(problem.category == category)
            model.add(sum(take[i] for i in members) <= problem.max_per_category)
    if problem.near_duplicates is not None:
        for one, other in problem.near_duplicates.tolist():
            model.add(take[one] + take[other] <= 1)
    if problem.days is not None:
        _one_machine(model, problem, take)
    gains = [_gain(problem, i) for i in range(n)]
    scale = problem.balance_rp + 1
    both = [value * scale + spent for value, spent in gains]
    if sum(both) < LARGEST_OBJECTIVE:
        return _maximised(model, take, [both], problem)
    return _maximised(
        model, take, [[gain[0] for gain in gains], [gain[1] for gain in gains]], problem
    )


def _maximised(
    model: cp_model.CpModel,
    take: list[cp_model.IntVar],
    objectives: list[list[int]],
    problem: PlanProblem,
) -> Optimum | None:
    """The optimum of each objective in turn, those before it held."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    for gains in objectives:
        objective = cp_model.LinearExpr.weighted_sum(take, gains)
        model.maximize(objective)
        status = solver.solve(model)
        if status == cp_model.INFEASIBLE:
            return None
        if status != cp_model.OPTIMAL:
            raise RuntimeError(f"CP-SAT did not finish: {solver.status_name(status)}")
        taken = tuple(i for i in range(len(take)) if solver.value(take[i]))
        model.add(objective >= sum(gains[i] for i in taken))
    return value_of(problem, taken)


def by_highs(problem: PlanProblem) -> float | None:
    """HiGHS, in floats: the value alone, in relevance; for problems without days."""
    n = problem.n_items
    rows = [problem.price_rp.astype(float), np.ones(n)]
    limits = [float(problem.balance_rp), float(problem.max_courses)]
    if problem.max_per_category is not None and problem.category is not None:
        for category in np.unique(problem.category):
            rows.append((problem.category == category).astype(float))
            limits.append(float(problem.max_per_category))
    if problem.near_duplicates is not None:
        for one, other in problem.near_duplicates.tolist():
            rows.append(np.isin(np.arange(n), (one, other)).astype(float))
            limits.append(1.0)
    lower = np.zeros(n)
    lower[list(problem.must_include)] = 1
    gains = problem.relevance + problem.leftover_price * problem.price_rp
    result = milp(
        -gains,
        constraints=LinearConstraint(np.array(rows), -np.inf, limits),
        bounds=Bounds(lower, np.ones(n)),
        integrality=np.ones(n),
        options={"mip_rel_gap": 0.0},
    )
    if result.x is None:
        return None
    return float(-result.fun) - problem.leftover_price * problem.balance_rp


def _gain(problem: PlanProblem, item: int) -> Optimum:
    """What a course adds to value and spending."""
    nothing, one = value_of(problem, ()), value_of(problem, (item,))
    return one[0] - nothing[0], one[1] - nothing[1]


def _one_machine(
    model: cp_model.CpModel, problem: PlanProblem, take: list[cp_model.IntVar]
) -> None:
    days = problem.days
    assert days is not None
    window = days.window
    intervals = []
    for i, taken in enumerate(take):
        to_finish = int(days.lead[i]) + max(int(days.duration[i]), 1) - 1
        latest = min(
            int(days.last_sale_day[i]), window.last_purchase_day, window.finish_by - to_finish
        )
        if latest < window.first_day or window.first_day > window.first_by:
            model.add(taken == 0)
            continue
        latest = min(latest, window.first_day + 10_000)
        buy = model.new_int_var(window.first_day, latest, f"buy{i}")
        size = to_finish + window.rating_days + window.pause_days
        intervals.append(model.new_optional_fixed_size_interval_var(buy, size, taken, f"course{i}"))
    model.add_no_overlap(intervals)
