"""What courses may add at most by two relaxations: days as a sum, and days in due order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from saldopas.models.planner.plan_arrays import CourseArrays, SetRules
from saldopas.models.planner.plan_bounds import suffix_table
from saldopas.models.planner.plan_branch import at_most
from saldopas.models.planner.plan_compiled import compiled
from saldopas.models.planner.plan_timeline import (
    Timeline,
    timeline_multiplier,
    timeline_of,
    timeline_table,
)


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
def bounds_of(
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
def at_most_by_both(bounds: Bounds, a: int, s: int, money: int, days: int, gone: int) -> int:
    """What at most s courses from place a on may add, by the lower of the two bounds.

    `days` are left by the sum of all; `gone` are those that the chosen courses take, forced ones
    aside. Where this is asked all the time both are asked in place, the second only where the first
    leaves it open: handing all of `bounds` over takes as long as the first.
    """
    bound: int = at_most(bounds.table, a, s, bounds.mus, bounds.nus, money, days)
    if len(bounds.line_mus) > 0:
        bound = min(bound, in_line(bounds, a, s, money, gone))
    return bound


@compiled
def in_line(bounds: Bounds, a: int, s: int, money: int, gone: int) -> int:
    """What at most s courses from place a on are worth by the days of the line."""
    day = min(gone + bounds.line.before[a], bounds.line.last + 1)
    bound: int = bounds.line_mus[0] * money + bounds.cells[0, a, s, day]
    for t in range(1, len(bounds.line_mus)):
        bound = min(bound, bounds.line_mus[t] * money + bounds.cells[t, a, s, day])
    return bound
