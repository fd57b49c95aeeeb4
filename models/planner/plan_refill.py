"""A better set by taking three courses out and filling the money they free as far as it goes.

Where a course's worth is nearly a line of its price, all sets of as many courses are nearly alike
but for what they leave over, and the relaxation's bound is reached by one that spends everything.
There are many, and branching meets them late. Three courses that fill a sum are found for each
third one by two pointers over the prices, one rising and one falling (Horowitz and Sahni 1974).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from saldopas.models.planner.plan_arrays import CourseArrays, SetRules, fits, sort_by
from saldopas.models.planner.plan_compiled import compiled
from saldopas.models.planner.plan_quads import LAST, best_four, pairs_of, room_for

MOVES = 4  # of the pointers, in the time of a step
MOST_FOR_FOUR = 200  # courses: more have so many threes that these suffice
LOOKS = 8  # the time of looking at the rules, in moves


class Filled(NamedTuple):
    """Courses to take in, their worth, and moves of the pointers; -1 where nothing is better."""

    one: int
    two: int
    three: int
    worth: int
    moves: int


@compiled
def refill(
    core: NDArray[np.int64],
    value: NDArray[np.int64],
    money: int,
    chosen: NDArray[np.int64],
    n_forced: int,
    found: int,
    ceiling: int,
    limit: int,
    courses: CourseArrays,
    rules: SetRules,
) -> tuple[int, int]:
    """Changes `chosen` three courses at a time while that gains; its worth then, and steps.

    Args:
        core: (m,) candidates.
        value: (n,).
        money: rupiah left after the forced courses.
        chosen: an allowed set, its first `n_forced` stay; changed in place.
        n_forced: how many these are.
        found: worth of the others.
        ceiling: nothing is worth more: a set that reaches it ends this.
        limit: of steps.
        courses, rules: what is allowed.
    """
    by_price = core.copy()
    sort_by(courses.price[core], by_price)
    n = len(chosen)
    moves, gained = 0, True
    while gained:
        gained = False
        for a in range(n_forced, n - 2):
            for b in range(a + 1, n - 1):
                for c in range(b + 1, n):
                    to_the_end(chosen, a, b, c)
                    worth, rest = 0, money
                    for d in range(n_forced, n):
                        rest -= courses.price[chosen[d]] if d < n - 3 else 0
                        worth += value[chosen[d]] if d >= n - 3 else 0
                    filled = _best_three(
                        by_price, value, rest, worth, chosen, n - 3, courses, rules
                    )
                    moves += filled.moves
                    if filled.one >= 0:
                        gained = True
                        found += filled.worth - worth
                        chosen[n - 3], chosen[n - 2] = filled.one, filled.two
                        chosen[n - 1] = filled.three
                    back(chosen, a, b, c)
                    if found >= ceiling or moves // MOVES > limit:
                        return found, moves // MOVES
    steps = moves // MOVES
    if len(core) <= MOST_FOR_FOUR:
        found, more = _refill_four(
            by_price, value, money, chosen, n_forced, found, ceiling, limit - steps, courses, rules
        )
        steps += more
    return found, steps


@compiled
def _refill_four(
    core: NDArray[np.int64],
    value: NDArray[np.int64],
    money: int,
    chosen: NDArray[np.int64],
    n_forced: int,
    found: int,
    ceiling: int,
    limit: int,
    courses: CourseArrays,
    rules: SetRules,
) -> tuple[int, int]:
    """The same four at a time, once for each four; arguments as those of `refill`."""
    m, n = len(core), len(chosen) - LAST
    price, worth = courses.price[core], value[core]
    if n < n_forced:
        return found, 0
    pairs = pairs_of(np.arange(m), core, price, worth, money, chosen, n_forced, courses, rules)
    kept, top = room_for(pairs)
    steps = len(pairs.price)
    free = np.ones(m + 1, np.bool_)
    before = chosen.copy()
    out = np.arange(n_forced, n_forced + LAST)
    while True:
        before[:n_forced] = chosen[:n_forced]
        place, rest, freed, o = n_forced, money, 0, 0
        for d in range(n_forced, len(chosen)):
            if o < LAST and out[o] == d:
                freed += value[chosen[d]]
                o += 1
            else:
                before[place] = chosen[d]
                rest -= courses.price[chosen[d]]
                place += 1
        for a in range(m):
            free[a] = not _holds(before, n, core[a])
        gain, places, more = best_four(
            pairs,
            kept,
            top,
            free,
            core,
            rest,
            freed,
            LAST,
            before,
            n,
            limit - steps,
            courses,
            rules,
        )
        steps += more
        if len(places) == LAST:
            found += gain - freed
            for o in range(LAST):
                chosen[out[o]] = core[places[o]]
        if found >= ceiling or steps > limit or not _next(out, len(chosen)):
            return found, steps


@compiled
def _next(out: NDArray[np.int64], n: int) -> bool:
    """The next combination of places below n, in order; False after the last."""
    k = len(out)
    for o in range(k - 1, -1, -1):
        if out[o] < n - k + o:
            out[o] += 1
            for later in range(o + 1, k):
                out[later] = out[later - 1] + 1
            return True
    return False


@compiled
def to_the_end(chosen: NDArray[np.int64], a: int, b: int, c: int) -> None:
    """Changes the places a < b < c with the last three."""
    n = len(chosen)
    chosen[c], chosen[n - 1] = chosen[n - 1], chosen[c]
    chosen[b], chosen[n - 2] = chosen[n - 2], chosen[b]
    chosen[a], chosen[n - 3] = chosen[n - 3], chosen[a]


@compiled
def back(chosen: NDArray[np.int64], a: int, b: int, c: int) -> None:
    """Undoes `to_the_end`."""
    n = len(chosen)
    chosen[a], chosen[n - 3] = chosen[n - 3], chosen[a]
    chosen[b], chosen[n - 2] = chosen[n - 2], chosen[b]
    chosen[c], chosen[n - 1] = chosen[n - 1], chosen[c]


@compiled
def _best_three(
    by_price: NDArray[np.int64],
    value: NDArray[np.int64],
    money: int,
    needed: int,
    chosen: NDArray[np.int64],
    n: int,
    courses: CourseArrays,
    rules: SetRules,
) -> Filled:
    """Three courses worth more than `needed`; for two of them the third is the dearest payable.

    Args:
        by_price: candidates by rising price.
        value: (n,).
        money: rupiah for the three.
        needed: what they must be worth more than.
        chosen: its first `n` stay, and the rest is overwritten for a moment.
        n: how many these are.
        courses, rules: what is allowed.
    """
    items, f = np.empty(len(by_price), np.int64), 0
    for i in by_price:
        if not _holds(chosen, n, i):
            items[f] = i
            f += 1
    price, worth = courses.price[items[:f]], value[items[:f]]
    one, two, three, moves = -1, -1, -1, 0
    for z in range(2, f):
        rest, missing = money - price[z], needed - worth[z]
        x, y = 0, z - 1
        if price[0] + price[1] > rest:
            break
        while x < y:
            moves += 1
            if price[x] + price[y] > rest:
                y -= 1
                continue
            if worth[x] + worth[y] > missing:
                moves += LOOKS
                if rules.plain or _join((items[x], items[y], items[z]), chosen, n, courses, rules):
                    one, two, three = items[x], items[y], items[z]
                    missing = worth[x] + worth[y]
                    needed = missing + worth[z]
            x += 1
    return Filled(one, two, three, needed, moves)


@compiled
def _holds(chosen: NDArray[np.int64], n: int, item: int) -> bool:
    for d in range(n):  # noqa: SIM110, `any` of a generator is not compiled
        if chosen[d] == item:
            return True
    return False


@compiled
def _join(
    items: tuple[int, int, int],
    chosen: NDArray[np.int64],
    n: int,
    courses: CourseArrays,
    rules: SetRules,
) -> bool:
    """Whether the three may all join the first `n` of `chosen`, whose last three are kept."""
    kept = chosen[n : n + 3].copy()
    allowed = True
    for i in items:
        allowed = allowed and fits(i, chosen, n, courses, rules)
        chosen[n] = i
        n += 1
    chosen[n - 3 : n] = kept
    return allowed
