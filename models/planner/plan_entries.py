"""What Python calls of the planner's machine code.

Each entry holds a copy of all that it calls, and takes some 14 MB of a process: so there are two.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from saldopas.models.planner.plan_after import look_ahead
from saldopas.models.planner.plan_arrays import CourseArrays, SetRules
from saldopas.models.planner.plan_compiled import compiled
from saldopas.models.planner.plan_schedule import order_by_relevance
from saldopas.models.planner.plan_search import search

Planned = tuple[NDArray[np.int64], int, int, int]


@compiled
def plan_ruled(
    courses: CourseArrays,
    rules: SetRules,
    usable: NDArray[np.bool_],
    relevance: NDArray[np.int64],
    forced: NDArray[np.int64],
    weight_relevance: int,
    weight_price: int,
    balance: int,
    max_courses: int,
    step_limit: int,
    ahead: bool,
) -> Planned:
    """Items in order, their relevance in units, their price, and what the proof lacks.

    With `ahead` the first is the table of `look_ahead`, row by row, and the others are 0.
    """
    value = _valued(relevance, courses.price, weight_relevance, weight_price)
    sets = (courses, rules, usable, forced)
    limits = (balance, max_courses, step_limit)
    if ahead:
        return look_ahead(*sets, relevance, value, *limits).ravel(), 0, 0, 0
    return _best_plan(*sets, relevance, value, *limits)


@compiled
def plan_plain(
    price: NDArray[np.int64],
    relevance: NDArray[np.int64],
    weight_relevance: int,
    weight_price: int,
    balance: int,
    max_courses: int,
    step_limit: int,
) -> Planned:
    """The same where price and number are the only rules: fewer arrays cross into compiled code."""
    # `price` stands for arrays that are not read without rules
    courses = CourseArrays(price, price, price, price, price)
    none = np.zeros((0, 0), np.bool_)
    rules = SetRules(True, False, False, price, none, none, price)
    sets = (courses, rules, np.ones(len(price), np.bool_), np.empty(0, np.int64))
    value = _valued(relevance, price, weight_relevance, weight_price)
    return _best_plan(*sets, relevance, value, balance, max_courses, step_limit)


@compiled
def _valued(
    relevance: NDArray[np.int64],
    price: NDArray[np.int64],
    weight_relevance: int,
    weight_price: int,
) -> NDArray[np.int64]:
    """(n,) what each course is worth to the search."""
    value = np.empty(len(price), np.int64)
    for i in range(len(price)):
        value[i] = weight_relevance * relevance[i] + weight_price * price[i]
    return value


@compiled
def _best_plan(
    courses: CourseArrays,
    rules: SetRules,
    usable: NDArray[np.bool_],
    forced: NDArray[np.int64],
    relevance: NDArray[np.int64],
    value: NDArray[np.int64],
    balance: int,
    max_courses: int,
    step_limit: int,
) -> Planned:
    """As `plan_ruled` says."""
    chosen, bound, _ = search(
        courses, rules, usable, value, forced, balance, max_courses, step_limit
    )
    units, total, found = 0, 0, 0
    for i in chosen:
        units += relevance[i]
        total += courses.price[i]
        found += value[i]
    items = order_by_relevance(chosen, relevance, courses.busy, courses.due, rules.timed)
    return items, units, total, bound - found
