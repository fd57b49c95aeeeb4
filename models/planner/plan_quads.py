"""The best up to four courses for what is left, from two sorted pairs.

All pairs of candidates are sorted by price once. Four courses are two of them: for each pair, by
rising price, a pointer falls to the dearest pair that the rest pays (Horowitz and Sahni 1974; the
sums of pairs are those of Schroeppel and Shamir 1981). Of the pairs up to the pointer only those
are looked at whose best value so far, a running maximum, still makes a better set.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from saldopas.models.planner.plan_arrays import CourseArrays, SetRules, fits
from saldopas.models.planner.plan_compiled import compiled

LAST = 4
FEWER = 4  # pairs are sorted anew for less than a fourth of the courses
PAIR_STEPS = 4


class Pairs(NamedTuple):
    """p pairs of places in the core by rising price; place m is "no course".

    Attributes:
        price, worth: (p,) int64.
        one, two: (p,) int32, one < two, or both m.
    """

    price: NDArray[np.int64]
    worth: NDArray[np.int64]
    one: NDArray[np.int32]
    two: NDArray[np.int32]


class Paired(NamedTuple):
    """Pairs of all courses, made once, and the room that `best_four` overwrites."""

    every: Pairs
    kept: Pairs
    top: NDArray[np.int64]


@compiled
def no_pairs() -> Pairs:
    """None, before they are looked for."""
    none, nobody = np.empty(0, np.int64), np.empty(0, np.int32)
    return Pairs(none, none, nobody, nobody)


@compiled
def room_for(pairs: Pairs) -> tuple[Pairs, NDArray[np.int64]]:
    """What `best_four` overwrites."""
    p = len(pairs.price)
    one, two = np.empty(p, np.int32), np.empty(p, np.int32)
    return Pairs(np.empty(p, np.int64), np.empty(p, np.int64), one, two), np.empty(p, np.int64)


@compiled
def pairs_of(
    some: NDArray[np.int64],
    core: NDArray[np.int64],
    price: NDArray[np.int64],
    worth: NDArray[np.int64],
    money: int,
    before: NDArray[np.int64],
    n: int,
    courses: CourseArrays,
    rules: SetRules,
) -> Pairs:
    """All allowed pairs, single courses, and none.

    Args:
        some: (q,) places in the core, rising.
        core: (m,) candidates.
        price, worth: (m,) of the core.
        money: rupiah.
        before: its first `n` are in the set already.
        n: how many these are.
        courses, rules: what is allowed.
    """
    m, q = len(core), len(some)
    chosen = np.empty(n + 1, np.int64)
    chosen[:n] = before[:n]
    most = (q + 1) * (q + 2) // 2
    total, gain = np.empty(most, np.int64), np.empty(most, np.int64)
    one, two = np.empty(most, np.int32), np.empty(most, np.int32)
    total[0], gain[0], one[0], two[0] = 0, 0, m, m
    p = 1
    for a in range(q):
        x = some[a]
        total[p], gain[p], one[p], two[p] = price[x], worth[x], x, m
        p += 1
        chosen[n] = core[x]
        for b in range(a + 1, q):
            y = some[b]
            if price[x] + price[y] <= money and (
                rules.plain or fits(core[y], chosen, n + 1, courses, rules)
            ):
                total[p], gain[p], one[p], two[p] = price[x] + price[y], worth[x] + worth[y], x, y
                p += 1
    order = np.argsort(total[:p], kind="mergesort")
    return Pairs(total[order], gain[order], one[order], two[order])


@compiled
def best_four(
    pairs: Pairs,
    kept: Pairs,
    top: NDArray[np.int64],
    free: NDArray[np.bool_],
    core: NDArray[np.int64],
    money: int,
    needed: int,
    most: int,
    chosen: NDArray[np.int64],
    n: int,
    limit: int,
    courses: CourseArrays,
    rules: SetRules,
) -> tuple[int, NDArray[np.int64], int]:
    """The best `most` or fewer free courses worth more than `needed`.

    Args:
        pairs: all.
        kept: room for as many, overwritten.
        top: (p,) overwritten.
        free: (m + 1,) which may be taken; the last is True.
        core: (m,) candidates.
        money: rupiah left.
        needed: what the courses must be worth more than.
        most: `LAST` or fewer courses.
        chosen: the set so far, its first `n`; the rest is overwritten.
        n: how many these are.
        limit: of steps.
        courses, rules: what is allowed.

    Returns:
        worth, `needed` where nothing is worth more; places in the core; steps, more than `limit`
        if not all were looked at.
    """
    m = len(core)
    p, best = 0, -1
    for x in range(len(pairs.price)):
        if pairs.price[x] > money:
            break
        if free[pairs.one[x]] and free[pairs.two[x]]:
            kept.price[p], kept.worth[p] = pairs.price[x], pairs.worth[x]
            kept.one[p], kept.two[p] = pairs.one[x], pairs.two[x]
            best = max(best, pairs.worth[x])
            top[p] = best
            p += 1
    steps = len(pairs.price) // 4 + p
    places = np.empty(LAST, np.int64)
    n_places = 0
    y = p - 1
    for x in range(p):
        if _size(kept, x, m) > most - 2:
            continue
        while y >= 0 and kept.price[x] + kept.price[y] > money:
            y -= 1
        z = y
        least = x if most == LAST else 0
        while z >= least and kept.worth[x] + top[z] > needed:
            steps += 1
            if kept.worth[x] + kept.worth[z] > needed and _apart(kept, x, z, m):
                steps += 5
                if rules.plain or _allowed(kept, x, z, core, chosen, n, courses, rules):
                    needed = kept.worth[x] + kept.worth[z]
                    n_places = 0
                    for place in (kept.one[x], kept.two[x], kept.one[z], kept.two[z]):
                        if place < m:
                            places[n_places] = place
                            n_places += 1
            z -= 1
        if y < least or steps > limit:
            break
    return needed, places[:n_places], steps


@compiled
def _size(pairs: Pairs, x: int, m: int) -> int:
    return int(pairs.one[x] < m) + int(pairs.two[x] < m)


@compiled
def _apart(pairs: Pairs, x: int, z: int, m: int) -> bool:
    """Whether two pairs have no course in common."""
    a, b, c, d = pairs.one[x], pairs.two[x], pairs.one[z], pairs.two[z]
    return bool((a == m or (a != c and a != d)) and (b == m or (b != c and b != d)))


@compiled
def _allowed(
    pairs: Pairs,
    x: int,
    z: int,
    core: NDArray[np.int64],
    chosen: NDArray[np.int64],
    n: int,
    courses: CourseArrays,
    rules: SetRules,
) -> bool:
    """Whether the courses of two pairs may all join the first `n` of `chosen`."""
    for place in (pairs.one[x], pairs.two[x], pairs.one[z], pairs.two[z]):
        if place == len(core):
            continue
        if not fits(core[place], chosen, n, courses, rules):
            return False
        chosen[n] = core[place]
        n += 1
    return True


@compiled
def last_four(
    paired: Paired,
    free: NDArray[np.bool_],
    n_free: int,
    core: NDArray[np.int64],
    price: NDArray[np.int64],
    worth: NDArray[np.int64],
    all_money: int,
    money: int,
    needed: int,
    most: int,
    forced: NDArray[np.int64],
    chosen: NDArray[np.int64],
    n: int,
    limit: int,
    courses: CourseArrays,
    rules: SetRules,
) -> tuple[int, NDArray[np.int64], int, Paired]:
    """What `best_four` finds among the free courses, its steps, and the pairs that are made.

    Args:
        paired: the pairs that were made before.
        free: (m + 1,) which may be taken.
        n_free: how many.
        core, price, worth: (m,).
        all_money: rupiah before any course but the forced ones; money: rupiah left.
        needed: what the courses must be worth more than.
        most: how many these may be.
        forced: courses of every set.
        chosen: the set so far, its first `n`.
        n: how many these are.
        limit: of steps.
        courses, rules: what is allowed.
    """
    m, steps = len(core), 0
    every, kept, top = paired
    if n_free < m // FEWER:
        some = np.flatnonzero(free[:m])
        pairs = pairs_of(some, core, price, worth, money, chosen, n, courses, rules)
        steps += PAIR_STEPS * n_free * n_free
    else:
        if len(every.price) == 0:
            some = np.arange(m)
            every = pairs_of(
                some, core, price, worth, all_money, forced, len(forced), courses, rules
            )
            kept, top = room_for(every)
            steps += PAIR_STEPS * m * m
        pairs = every
    if len(kept.price) < len(pairs.price):
        kept, top = room_for(pairs)
    gain, places, more = best_four(
        pairs,
        kept,
        top,
        free,
        core,
        money,
        needed,
        most,
        chosen,
        n,
        limit - steps,
        courses,
        rules,
    )
    return gain, places, steps + more, Paired(every, kept, top)
