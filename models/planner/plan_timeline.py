"""How much a set that is in time may be worth at most: days exactly, money by a multiplier.

A set is in time exactly if it is in time by rising due day (Jackson 1955). In that order it is
enough to know how many days are gone, so with a value mu for a rupiah

    F[a, s, d] = max(F[a + 1, s, d], v_a - mu * p_a + F[a + 1, s - 1, d + busy_a]),

the second only where d + busy_a <= due_a, is the most that at most s of the courses a, a + 1, ...
add once d days are gone (the dynamic programme of Lawler and Moore 1969, with a number of courses),
and mu * money + F a bound. Forced courses take their place in the order and must be in time too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from saldopas.models.planner.plan_arrays import CourseArrays, sort_by
from saldopas.models.planner.plan_compiled import compiled

NEVER = -(2**61)
MOST_CELLS = 2_000_000


class Timeline(NamedTuple):
    """Days of the core in due order, in whole units of some days.

    Attributes:
        busy, due: (m,) int64, rounded down: what is in time stays in time.
        gap: (f,) int64, each forced course comes before the core's course of this place.
        forced_busy, forced_due: (f,) int64 by rising due day.
        before: (m + 1,) int64, days of the forced courses before the gap at each place.
        last: after so many days no course may begin.
        unit: days.
    """

    busy: NDArray[np.int64]
    due: NDArray[np.int64]
    gap: NDArray[np.int64]
    forced_busy: NDArray[np.int64]
    forced_due: NDArray[np.int64]
    before: NDArray[np.int64]
    last: int
    unit: int


@compiled
def timeline_of(
    core: NDArray[np.int64], forced: NDArray[np.int64], slots: int, courses: CourseArrays
) -> Timeline:
    """The timeline of a core in due order.

    Args:
        core: (m,) candidates by rising due day.
        forced: (f,) courses that are in every set.
        slots: courses besides.
        courses: their days.
    """
    m, f = len(core), len(forced)
    busy, due = courses.busy[core], courses.due[core]
    keys, order = courses.due[forced], forced.copy()
    sort_by(keys, order)
    forced_busy, forced_due = courses.busy[order], courses.due[order]
    longest = np.sort(busy)[::-1]
    last = forced_busy.sum() + longest[:slots].sum()
    latest = 0
    for a in range(m):
        latest = max(latest, due[a] - busy[a])
    for d in range(f):
        latest = max(latest, forced_due[d] - forced_busy[d])
    last = min(last, latest)
    unit = 1 + (last + 2) * (m + 1) * (slots + 1) // MOST_CELLS
    gap = np.empty(f, np.int64)
    before = np.zeros(m + 1, np.int64)
    for d in range(f):
        gap[d] = np.searchsorted(due, forced_due[d], side="right")
        before[gap[d] + 1 :] += forced_busy[d] // unit
    return Timeline(
        busy // unit,
        due // unit,
        gap,
        forced_busy // unit,
        forced_due // unit,
        before,
        last // unit,
        unit,
    )


@compiled
def timeline_table(terms: NDArray[np.int64], slots: int, line: Timeline) -> NDArray[np.int64]:
    """(m + 1, slots + 1, last + 2) F, `NEVER` where a forced course would be late.

    Args:
        terms: (m,) value - mu * price of the core.
        slots: most courses.
        line: their days.
    """
    m = len(terms)
    table = np.empty((m + 1, slots + 1, line.last + 2), np.int64)
    table[m] = 0
    _force(table[m], m, line)
    for a in range(m - 1, -1, -1):
        table[a] = table[a + 1]
        if terms[a] > 0:
            busy, most = line.busy[a], min(line.due[a] - line.busy[a], line.last)
            for s in range(1, slots + 1):
                for d in range(most + 1):
                    taken = terms[a] + table[a + 1, s - 1, min(d + busy, line.last + 1)]
                    table[a, s, d] = max(table[a, s, d], taken)
        _force(table[a], a, line)
    return table


@compiled
def _force(table: NDArray[np.int64], place: int, line: Timeline) -> None:
    """The forced courses of this gap, the last one first."""
    for f in range(len(line.gap) - 1, -1, -1):
        if line.gap[f] != place:
            continue
        busy = line.forced_busy[f]
        for d in range(line.last + 2):
            late = d + busy > line.forced_due[f]
            for s in range(table.shape[0]):
                table[s, d] = NEVER if late else table[s, min(d + busy, line.last + 1)]


@compiled
def timeline_multiplier(
    value: NDArray[np.int64],
    price: NDArray[np.int64],
    money: int,
    slots: int,
    line: Timeline,
) -> int:
    """The whole multiplier of money with the least bound; see `best_multiplier`.

    Args:
        value, price: (m,) of the core in due order.
        money: rupiah.
        slots: most courses.
        line: their days.
    """
    high_worth, high_cost = _best(value, price, 0, slots, line)
    if high_cost <= money:
        return 0
    multiplier, bound = 0, high_worth
    low_worth, low_cost = 0, 0
    while True:
        trial = (high_worth - low_worth) // (high_cost - low_cost)
        now_worth, now_cost = _best(value, price, trial, slots, line)
        now = now_worth - trial * now_cost
        if trial * money + now < bound:
            multiplier, bound = trial, trial * money + now
        if now <= max(high_worth - trial * high_cost, low_worth - trial * low_cost):
            break
        if now_cost > money:
            high_worth, high_cost = now_worth, now_cost
        else:
            low_worth, low_cost = now_worth, now_cost
    now_worth, now_cost = _best(value, price, trial + 1, slots, line)
    if (trial + 1) * (money - now_cost) + now_worth < bound:
        multiplier = trial + 1
    return multiplier


@compiled
def _best(
    value: NDArray[np.int64],
    price: NDArray[np.int64],
    multiplier: int,
    slots: int,
    line: Timeline,
) -> tuple[int, int]:
    """Value and price of the set in time with the largest value - multiplier * price."""
    m = len(value)
    worth = np.zeros((slots + 1, line.last + 2), np.int64)
    cost = np.zeros((slots + 1, line.last + 2), np.int64)
    _force(worth, m, line)
    for a in range(m - 1, -1, -1):
        term = value[a] - multiplier * price[a]
        if term > 0:
            busy, most = line.busy[a], min(line.due[a] - line.busy[a], line.last)
            for s in range(slots, 0, -1):
                for d in range(most + 1):
                    after = min(d + busy, line.last + 1)
                    if term + worth[s - 1, after] > worth[s, d]:
                        worth[s, d] = term + worth[s - 1, after]
                        cost[s, d] = price[a] + cost[s - 1, after]
        for f in range(len(line.gap)):
            if line.gap[f] == a:
                _shift(cost, line.forced_busy[f], line.last)
        _force(worth, a, line)
    return worth[slots, 0] + multiplier * cost[slots, 0], cost[slots, 0]


@compiled
def _shift(table: NDArray[np.int64], busy: int, last: int) -> None:
    for d in range(last + 2):
        for s in range(table.shape[0]):
            table[s, d] = table[s, min(d + busy, last + 1)]
