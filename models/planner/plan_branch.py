"""Branch and bound over the core, depth first, within a number of steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from saldopas.models.planner.plan_arrays import CourseArrays, SetRules, fits
from saldopas.models.planner.plan_bounds import suffix_table
from saldopas.models.planner.plan_compiled import compiled

FEW = 40
STEP_WITH_RULES = 5  # looking at the rules takes about so much longer


@compiled
def branch(
    core: NDArray[np.int64],
    value: NDArray[np.int64],
    mu: int,
    nu: int,
    money: int,
    days: int,
    first: NDArray[np.int64],
    found: int,
    n_forced: int,
    slots: int,
    step_limit: int,
    courses: CourseArrays,
    rules: SetRules,
    open_rules: SetRules,
) -> tuple[NDArray[np.int64], int, int]:
    """Depth first from the forced courses; see the module. Returns the set, bound and steps.

    Levels are numbered from the forced courses: `chosen[n_forced + level]` is the course at
    `at[level]` of the core.
    """
    m = len(core)
    few = m <= FEW
    mus = np.empty(1 if few else 3, np.int64)
    nus = np.empty(len(mus), np.int64)
    for t in range(len(mus)):
        mus[t] = mu + (0, -(mu // 4), mu // 4)[t]
        nus[t] = nu
    table = suffix_table(core, value, mus, nus, slots, courses, open_rules)
    price = np.empty(m, np.int64)
    worth = np.empty(m, np.int64)
    for a in range(m):
        price[a] = courses.price[core[a]]
        worth[a] = value[core[a]]
    unit = common_divisor(price)
    if unit > 1:
        money = money // unit * unit
    best = np.empty(n_forced + slots, np.int64)
    n_best = len(first)
    _copy(first, n_best, best)
    chosen = np.empty(n_forced + slots, np.int64)
    _copy(first, n_forced, chosen)
    at = np.empty(slots + 1, np.int64)
    left = np.empty(slots + 1, np.int64)
    time = np.empty(slots + 1, np.int64)
    has = np.empty(slots + 1, np.int64)
    level, a, steps = 0, 0, 0
    left[0], time[0], has[0] = money, days, 0
    while True:
        s = slots - level
        n = n_forced + level
        needed = found - has[level]
        down = False
        while a < m:
            steps += 1 if rules.plain else STEP_WITH_RULES
            if at_most(table, a, s, mus, nus, left[level], time[level]) <= needed:
                break
            if price[a] <= left[level] and (
                rules.plain or fits(core[a], chosen, n, courses, rules)
            ):
                chosen[n] = core[a]
                if worth[a] > needed:
                    found = has[level] + worth[a]
                    needed = worth[a]
                    _copy(chosen, n + 1, best)
                    n_best = n + 1
                down = s > 1
                if down:
                    break
            a += 1
        if down:
            at[level] = a
            left[level + 1] = left[level] - price[a]
            time[level + 1] = time[level] - courses.busy[core[a]]
            has[level + 1] = has[level] + worth[a]
            level += 1
            a += 1
        elif level == 0:
            return best[:n_best], found, steps
        else:
            level -= 1
            a = at[level] + 1
        if steps > step_limit:
            break
    bound = found
    at[level] = a
    for open_level in range(level + 1):
        a = at[open_level] + (1 if open_level < level else 0)
        rest = at_most(table, a, slots - open_level, mus, nus, left[open_level], time[open_level])
        bound = max(bound, has[open_level] + rest)
    return best[:n_best], bound, steps


@compiled
def at_most(
    table: NDArray[np.int64],
    a: int,
    s: int,
    mus: NDArray[np.int64],
    nus: NDArray[np.int64],
    money: int,
    days: int,
) -> int:
    """What at most s courses from place a on are worth, by the least of several multipliers."""
    bound: int = mus[0] * money + nus[0] * days + table[a, s, 0]
    for t in range(1, len(mus)):
        bound = min(bound, mus[t] * money + nus[t] * days + table[a, s, t])
    return bound


@compiled
def common_divisor(price: NDArray[np.int64]) -> int:
    """What every price is a multiple of, 0 where all are free: money below it cannot be spent."""
    unit = 0
    for rest in price:
        while rest > 0:
            unit, rest = rest, unit % rest
        if unit == 1:
            break
    return unit


@compiled
def _copy(items: NDArray[np.int64], n: int, to: NDArray[np.int64]) -> None:
    for j in range(n):
        to[j] = items[j]
