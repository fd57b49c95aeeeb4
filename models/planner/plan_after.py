"""Machine code: the best plan that begins with each single course."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from saldopas.models.planner.plan_arrays import CourseArrays, SetRules, fits
from saldopas.models.planner.plan_compiled import compiled
from saldopas.models.planner.plan_search import search

FIRST_FLAG, N_COLUMNS = 4, 7


@compiled
def look_ahead(
    courses: CourseArrays,
    rules: SetRules,
    in_time: NDArray[np.bool_],
    forced: NDArray[np.int64],
    relevance: NDArray[np.int64],
    value: NDArray[np.int64],
    balance: int,
    max_courses: int,
    step_limit: int,
) -> NDArray[np.int64]:
    """(7, n) leftover, relevance and leftover of the plan, next; flags as in `LookAhead`."""
    n = len(relevance)
    price = courses.price
    table = np.zeros((N_COLUMNS, n), np.int64)
    numbers, flags = table[:FIRST_FLAG], table[FIRST_FLAG:]
    numbers[3] = -1
    for first in range(n):
        if not in_time[first] or price[first] > balance or max_courses < 1:
            continue
        after, after_rules, usable = _after(first, courses, rules, in_time)
        rest = balance - price[first]
        others, allowed = _others(first, forced, rest, max_courses - 1, usable, after, after_rules)
        if not allowed:
            continue
        for i in others:
            usable[i] = False
        chosen, bound, _ = search(
            after, after_rules, usable, value, others, rest, max_courses - 1, step_limit
        )
        numbers[0, first] = rest
        numbers[1, first] = relevance[first]
        numbers[2, first] = rest
        found = 0
        for i in chosen:
            found += value[i]
            numbers[1, first] += relevance[i]
            numbers[2, first] -= price[i]
            best = numbers[3, first]
            if best < 0 or (relevance[i], -i) > (relevance[best], -best):
                numbers[3, first] = i
        flags[0, first] = True
        flags[1, first] = rest > 0 and len(chosen) == 0
        flags[2, first] = bound == found
    return table


@compiled
def _after(
    first: int, courses: CourseArrays, rules: SetRules, in_time: NDArray[np.bool_]
) -> tuple[CourseArrays, SetRules, NDArray[np.bool_]]:
    """Courses, rules and who may follow once `first` is bought and rated."""
    usable = in_time.copy()
    usable[first] = False
    if rules.plain:
        return courses, rules, usable
    if rules.conflict.shape[0] > 0:
        for i in range(len(usable)):
            if rules.conflict[first, i]:
                usable[i] = False
    room = rules.room.copy()
    room[courses.category[first]] -= 1
    due = courses.due - courses.busy[first]
    after = CourseArrays(courses.price, courses.category, courses.clique, courses.busy, due)
    after_rules = SetRules(
        rules.plain,
        rules.capped,
        rules.timed,
        room,
        rules.conflict,
        rules.earlier,
        rules.shared_most,
    )
    return after, after_rules, usable


@compiled
def _others(
    first: int,
    forced: NDArray[np.int64],
    money: int,
    slots: int,
    usable: NDArray[np.bool_],
    courses: CourseArrays,
    rules: SetRules,
) -> tuple[NDArray[np.int64], bool]:
    """What must still be in after `first`, and whether it can be."""
    others = np.empty(len(forced), np.int64)
    n = 0
    for i in forced:
        if i == first:
            continue
        money -= courses.price[i]
        if not usable[i] or money < 0 or n == slots or not fits(i, others, n, courses, rules):
            return others[:0], False
        others[n] = i
        n += 1
    return others[:n], True
