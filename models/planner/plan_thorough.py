"""Branch and bound for what takes long: days exactly in the bound, the last four courses at once.

As `plan_branch`, with

1. courses left out that others can always replace (`plan_dominance`), and of equal courses the
   later one only after the first;
2. in a case with days, courses by rising due day, and the bound of `plan_timeline` too;
3. where at most four more courses are possible and branching on takes long, the best four from
   sorted pairs (`plan_quads`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from saldopas.models.planner.plan_arrays import CourseArrays, SetRules, fits, sort_by
from saldopas.models.planner.plan_branch import STEP_WITH_RULES, at_most, common_divisor
from saldopas.models.planner.plan_compiled import compiled
from saldopas.models.planner.plan_dominance import twins, undominated
from saldopas.models.planner.plan_quads import LAST, Paired, last_four, no_pairs
from saldopas.models.planner.plan_two_bounds import Bounds, at_most_by_both, bounds_of, in_line


@compiled
def thorough(
    core: NDArray[np.int64],
    value: NDArray[np.int64],
    mu: int,
    nu: int,
    money: int,
    days: int,
    first: NDArray[np.int64],
    found: int,
    ceiling: int,
    n_forced: int,
    slots: int,
    step_limit: int,
    courses: CourseArrays,
    rules: SetRules,
    open_rules: SetRules,
) -> tuple[NDArray[np.int64], int, int]:
    """The best set, its bound and steps; arguments as those of `branch`.

    `ceiling` is a known bound: a set that reaches it ends the search.
    """
    core = undominated(core, value, slots, courses, rules)
    m = len(core)
    if rules.timed:
        sort_by(courses.due[core], core)
    twin = twins(core, value, courses, rules)
    price, worth, busy = courses.price[core], value[core], courses.busy[core]
    unit = common_divisor(price)
    if unit > 1:
        money = money // unit * unit
    bounds = bounds_of(
        core, value, mu, nu, money, first[:n_forced], slots, courses, rules, open_rules
    )
    line = bounds.line
    mus, nus, table = bounds.mus, bounds.nus, bounds.table
    paired = Paired(no_pairs(), no_pairs(), np.empty(0, np.int64))
    budget, n_free = m, -1
    last_level = max(slots - LAST, 0)
    entered, start = 0, 0
    free = np.ones(m + 1, np.bool_)
    chosen = np.empty(n_forced + slots + LAST, np.int64)
    chosen[:n_forced] = first[:n_forced]
    best = chosen.copy()
    n_best = len(first)
    best[:n_best] = first
    at = np.empty(slots + 1, np.int64)
    left = np.empty(slots + 1, np.int64)
    time = np.empty(slots + 1, np.int64)
    gone = np.empty(slots + 1, np.int64)
    has = np.empty(slots + 1, np.int64)
    level, a, steps = 0, 0, 0
    left[0], time[0], gone[0], has[0] = money, days, 0, 0
    while found < ceiling:
        s = slots - level
        n = n_forced + level
        from_place = at[level - 1] + 1 if level > 0 else 0
        needed = found - has[level]
        down = False
        while a < m:
            steps += 1 if rules.plain else STEP_WITH_RULES
            if at_most(table, a, s, mus, nus, left[level], time[level]) <= needed:
                break
            if rules.timed and in_line(bounds, a, s, left[level], gone[level]) <= needed:
                break
            rest = left[level] - price[a]
            if (
                rest >= 0
                and twin[a] < from_place
                and (rules.plain or fits(core[a], chosen, n, courses, rules))
            ):
                chosen[n] = core[a]
                if worth[a] > needed:
                    found = has[level] + worth[a]
                    needed = worth[a]
                    best[: n + 1] = chosen[: n + 1]
                    n_best = n + 1
                days_left, days_gone = time[level] - busy[a], gone[level] + line.busy[a]
                needed_then = needed - worth[a]
                down = (
                    s > 1
                    and at_most(table, a + 1, s - 1, mus, nus, rest, days_left) > needed_then
                    and not (
                        rules.timed
                        and in_line(bounds, a + 1, s - 1, rest, days_gone) <= needed_then
                    )
                )
                if down:
                    break
            a += 1
        if steps > step_limit:
            break
        if level >= last_level and n_free < 0 and steps - entered > budget:
            n_free = _may_join(
                free,
                start,
                found - has[last_level],
                left[last_level],
                time[last_level],
                gone[last_level],
                core,
                price,
                worth,
                busy,
                min(slots, LAST) - 1,
                chosen,
                n_forced + last_level,
                bounds,
                courses,
                rules,
            )
            steps += m
            budget = max(n_free * n_free, m)
        if level >= last_level and steps - entered > budget:
            level = last_level
            n = n_forced + level
            gain, places, more, paired = last_four(
                paired,
                free,
                n_free,
                core,
                price,
                worth,
                money,
                left[level],
                found - has[level],
                min(slots, LAST),
                first[:n_forced],
                chosen,
                n,
                step_limit - steps,
                courses,
                rules,
            )
            steps += more
            if len(places) > 0:
                found = has[level] + gain
                best[:n] = chosen[:n]
                n_best = n + len(places)
                best[n:n_best] = core[places]
            if steps > step_limit:
                a = start
                break
            down = False
        if down:
            at[level] = a
            left[level + 1] = left[level] - price[a]
            time[level + 1] = time[level] - busy[a]
            gone[level + 1] = gone[level] + line.busy[a]
            has[level + 1] = has[level] + worth[a]
            level += 1
            a += 1
            if level == last_level:
                entered, start, budget, n_free = steps, a, m, -1
        elif level == 0:
            return best[:n_best], found, steps
        else:
            level -= 1
            a = at[level] + 1
    if found < ceiling:
        at[level] = a
        bound = _open_bound(bounds, at, left, time, gone, has, level, slots)
        return best[:n_best], max(bound, found), steps
    return best[:n_best], found, steps


@compiled
def _open_bound(
    bounds: Bounds,
    at: NDArray[np.int64],
    left: NDArray[np.int64],
    time: NDArray[np.int64],
    gone: NDArray[np.int64],
    has: NDArray[np.int64],
    level: int,
    slots: int,
) -> int:
    """What a set that was not looked at is worth at most: from `at` on of each level to `level`."""
    bound = 0
    for open_level in range(level + 1):
        a = at[open_level] + (1 if open_level < level else 0)
        s = slots - open_level
        rest = at_most_by_both(bounds, a, s, left[open_level], time[open_level], gone[open_level])
        bound = max(bound, has[open_level] + rest)
    return bound


@compiled
def _may_join(
    free: NDArray[np.bool_],
    start: int,
    needed: int,
    money: int,
    days: int,
    gone: int,
    core: NDArray[np.int64],
    price: NDArray[np.int64],
    worth: NDArray[np.int64],
    busy: NDArray[np.int64],
    others: int,
    chosen: NDArray[np.int64],
    n: int,
    bounds: Bounds,
    courses: CourseArrays,
    rules: SetRules,
) -> int:
    """Marks in `free` which courses from `start` on can be part of a better set; how many.

    Such a course, with the most that `others` more may add, is worth more than `needed`.
    """
    n_free = 0
    mus, nus, table = bounds.mus, bounds.nus, bounds.table
    for i in range(len(core)):
        free[i] = i >= start and price[i] <= money
        if not free[i]:
            continue
        rest, missing = money - price[i], needed - worth[i]
        free[i] = (
            at_most(table, start, others, mus, nus, rest, days - busy[i]) > missing
            and not (rules.timed and in_line(bounds, start, others, rest, gone) <= missing)
            and (rules.plain or fits(core[i], chosen, n, courses, rules))
        )
        n_free += int(free[i])
    return n_free
