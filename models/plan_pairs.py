"""The best one or two courses for what is left, by two pointers over prices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.plan_arrays import CourseArrays, SetRules, fits
from models.plan_compiled import compiled


@compiled
def best_pair(
    core: NDArray[np.int64],
    price: NDArray[np.int64],
    worth: NDArray[np.int64],
    by_price: NDArray[np.int64],
    money: int,
    chosen: NDArray[np.int64],
    n: int,
    taken: NDArray[np.int64],
    scratch: NDArray[np.int64],
    free: NDArray[np.bool_],
    courses: CourseArrays,
    rules: SetRules,
) -> tuple[int, int, int, bool]:
    """The best one or two more courses for `money`: places in the core, -1 for none, and worth.

    `scratch` (4, m) holds, for each place in price order, the best free course up to it and the
    second best. The last value says whether the pair is allowed; if not, the worth is only a bound.

    Args:
        core: (m,) candidates.
        price, worth: (m,) of the core.
        by_price: (m,) places in the core, cheapest first.
        money: rupiah left.
        chosen: the set so far, its first `n`.
        n: how many these are.
        taken: places in the core of those that are not forced.
        scratch, free: (4, m) and (m,), overwritten.
        courses, rules: what is allowed.
    """
    m = len(core)
    best, at_best, second, at_second = scratch[0], scratch[1], scratch[2], scratch[3]
    free[:] = True
    for a in taken:
        free[a] = False
    top, at_top, next_top, at_next, end = -1, -1, -1, -1, 0
    for x in range(m):
        a = by_price[x]
        if price[a] > money:
            break
        if free[a] and not rules.plain:
            free[a] = fits(core[a], chosen, n, courses, rules)
        if free[a]:
            if worth[a] > top:
                next_top, at_next = top, at_top
                top, at_top = worth[a], a
            elif worth[a] > next_top:
                next_top, at_next = worth[a], a
        best[x], at_best[x], second[x], at_second[x] = top, at_top, next_top, at_next
        end = x + 1
    if end == 0 or top < 0:
        return -1, -1, 0, True
    one, two, gain = at_top, -1, top
    y = end - 1
    for x in range(end):
        a = by_price[x]
        if not free[a]:
            continue
        while y >= 0 and price[by_price[y]] + price[a] > money:
            y -= 1
        if y < 0:
            break
        other, at_other = best[y], at_best[y]
        if at_other == a:
            other, at_other = second[y], at_second[y]
        if at_other >= 0 and worth[a] + other > gain:
            one, two, gain = a, at_other, worth[a] + other
    if two < 0 or rules.plain:
        return one, two, gain, True
    chosen[n] = core[one]
    return one, two, gain, fits(core[two], chosen, n + 1, courses, rules)
