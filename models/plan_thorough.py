"""Branch and bound for what takes long: days exactly in the bound, the last four courses at once.

As `plan_branch`, with

1. courses left out that others can always replace (`plan_dominance`), and of equal courses the
   later one only after the first;
2. in a case with days, courses by rising due day, and the bound of `plan_timeline` too;
3. where at most four more courses are possible and branching on takes long, the best four from
   sorted pairs (`plan_quads`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.plan_arrays import CourseArrays, SetRules, fits, sort_by
from models.plan_bounds import suffix_table
from models.plan_branch import STEP_WITH_RULES, common_divisor
from models.plan_compiled import compiled
from models.plan_dominance import twins, undominated
from models.plan_quads import LAST, best_four, no_pairs, pairs_of, room_for
from models.plan_timeline import Timeline, timeline_multiplier, timeline_of, timeline_table


class Bounds(NamedTuple):
    """What the courses from a place of the core on may add at most.

    Attributes:
        mus, nus: (M,) multipliers of money and days.
        table: (m + 1, k + 1, M) of `suffix_table`.
        line: the core's days.
        line_mus: (T,) multipliers of money; none without days.
        cells: (T, m + 1, k + 1, last + 2) of `timeline_table`.
    """

    mus: NDArray[np.int64]
    nus: NDArray[np.int64]
    table: NDArray[np.int64]
    line: Timeline
    line_mus: NDArray[np.int64]
    cells: NDArray[np.int64]


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
    bounds = _bounds(
        core, value, mu, nu, money, first[:n_forced], slots, courses, rules, open_rules
    )
    line = bounds.line
    pairs, kept, top = no_pairs(), no_pairs(), np.empty(0, np.int64)
    budget = (m + 1) * (m + 2) // 4
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
            if _at_most(bounds, a, s, left[level], time[level], gone[level]) <= needed:
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
                rest = worth[a] + _at_most(bounds, a + 1, s - 1, rest, days_left, days_gone)
                down = s > 1 and rest > needed
                if down:
                    break
            a += 1
        if steps > step_limit:
            break
        if level >= last_level and steps - entered > budget:
            if len(pairs.price) == 0:
                pairs = pairs_of(core, price, worth, money, first, n_forced, courses, rules)
                kept, top = room_for(pairs)
                steps += m * m
            level = last_level
            n = n_forced + level
            s = min(slots, LAST)
            needed = found - has[level]
            for i in range(m):
                rest = left[level] - price[i]
                free[i] = i >= start and rest >= 0
                if free[i]:
                    days_left = time[level] - busy[i]
                    rest = _at_most(bounds, start, s - 1, rest, days_left, gone[level])
                    free[i] = worth[i] + rest > needed and (
                        rules.plain or fits(core[i], chosen, n, courses, rules)
                    )
            gain, places, more = best_four(
                pairs,
                kept,
                top,
                free,
                core,
                left[level],
                needed,
                s,
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
                entered, start = steps, a
        elif level == 0:
            return best[:n_best], found, steps
        else:
            level -= 1
            a = at[level] + 1
    bound = found
    if found < ceiling:
        at[level] = a
        for open_level in range(level + 1):
            a = at[open_level] + (1 if open_level < level else 0)
            s = slots - open_level
            rest = _at_most(bounds, a, s, left[open_level], time[open_level], gone[open_level])
            bound = max(bound, has[open_level] + rest)
    return best[:n_best], bound, steps


@compiled
def _bounds(
    core: NDArray[np.int64],
    value: NDArray[np.int64],
    mu: int,
    nu: int,
    money: int,
    forced: NDArray[np.int64],
    slots: int,
    courses: CourseArrays,
    rules: SetRules,
    open_rules: SetRules,
) -> Bounds:
    """Both bounds, each for the best multiplier of money and for a quarter less and more."""
    price, worth = courses.price[core], value[core]
    mus = np.array([mu, mu - mu // 4, mu + mu // 4])
    nus = np.array([nu, nu, nu])
    table = suffix_table(core, value, mus, nus, slots, courses, open_rules)
    line = timeline_of(core, forced, slots, courses)
    if not rules.timed:
        return Bounds(mus, nus, table, line, mus[:0], np.empty((0, 0, 0, 0), np.int64))
    mu = timeline_multiplier(worth, price, money, slots, line)
    line_mus = np.array([mu, mu - mu // 4, mu + mu // 4])
    cells = np.empty((len(line_mus), len(core) + 1, slots + 1, line.last + 2), np.int64)
    for t in range(len(line_mus)):
        cells[t] = timeline_table(worth - line_mus[t] * price, slots, line)
    return Bounds(mus, nus, table, line, line_mus, cells)


@compiled
def _at_most(bounds: Bounds, a: int, s: int, money: int, days: int, gone: int) -> int:
    """What at most s courses from place a on are worth, for money and days that are left.

    `gone` are the days of the line that the chosen courses take, forced ones aside.
    """
    bound: int = bounds.mus[0] * money + bounds.nus[0] * days + bounds.table[a, s, 0]
    for t in range(1, len(bounds.mus)):
        bound = min(bound, bounds.mus[t] * money + bounds.nus[t] * days + bounds.table[a, s, t])
    if len(bounds.line_mus) > 0:
        day = min(gone + bounds.line.before[a], bounds.line.last + 1)
        for t in range(len(bounds.line_mus)):
            bound = min(bound, bounds.line_mus[t] * money + bounds.cells[t, a, s, day])
    return bound
