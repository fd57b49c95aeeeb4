"""A good allowed set to begin the search with: the relaxation's courses, improved by exchanges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.plan_arrays import CourseArrays, SetRules, fits
from models.plan_compiled import compiled


@compiled
def first_set(
    among: NDArray[np.int64],
    proposed: NDArray[np.int64],
    value: NDArray[np.int64],
    money: int,
    chosen: NDArray[np.int64],
    n_forced: int,
    courses: CourseArrays,
    rules: SetRules,
) -> int:
    """Extends the first `n_forced` of `chosen` in place; returns how many are chosen then.

    Takes what is proposed and allowed, then the best addition, else the best exchange of one
    course, as long as one gains.

    Args:
        among: candidates.
        proposed: some of them, in the order in which they are tried.
        value: (n,) at least 0.
        money: rupiah left after the forced courses.
        chosen: (max_courses,), the forced courses first.
        n_forced: how many these are.
        courses, rules: what is allowed.
    """
    n = n_forced
    inside = np.zeros(len(value), np.bool_)
    for i in proposed:
        if courses.price[i] <= money and (rules.plain or fits(i, chosen, n, courses, rules)):
            chosen[n] = i
            n += 1
            inside[i] = True
            money -= courses.price[i]
    while True:
        item, place = _best_addition(among, value, money, chosen, n, inside, courses, rules), n
        if item < 0:
            item, place = _best_exchange(
                among, value, money, chosen, n_forced, n, inside, courses, rules
            )
        if item < 0:
            return n
        if place == n:
            n += 1
        else:
            inside[chosen[place]] = False
            money += courses.price[chosen[place]]
        chosen[place] = item
        inside[item] = True
        money -= courses.price[item]


@compiled
def _best_addition(
    among: NDArray[np.int64],
    value: NDArray[np.int64],
    money: int,
    chosen: NDArray[np.int64],
    n: int,
    inside: NDArray[np.bool_],
    courses: CourseArrays,
    rules: SetRules,
) -> int:
    best, gain = -1, 0
    if n == len(chosen):
        return best
    for i in among:
        if (
            value[i] > gain
            and courses.price[i] <= money
            and not inside[i]
            and (rules.plain or fits(i, chosen, n, courses, rules))
        ):
            best, gain = i, value[i]
    return best


@compiled
def _best_exchange(
    among: NDArray[np.int64],
    value: NDArray[np.int64],
    money: int,
    chosen: NDArray[np.int64],
    n_forced: int,
    n: int,
    inside: NDArray[np.bool_],
    courses: CourseArrays,
    rules: SetRules,
) -> tuple[int, int]:
    """The course that comes and the place in `chosen` it takes; (-1, -1) where nothing gains."""
    best, place, gain = -1, -1, 0
    for o in range(n_forced, n):
        out = chosen[o]
        chosen[o] = chosen[n - 1]  # what stays is chosen[: n - 1] for the moment
        most = money + courses.price[out]
        needed = value[out] + gain
        for i in among:
            if (
                value[i] > needed
                and courses.price[i] <= most
                and not inside[i]
                and (rules.plain or fits(i, chosen, n - 1, courses, rules))
            ):
                best, place, gain = i, o, value[i] - value[out]
                needed = value[i]
        chosen[n - 1] = chosen[o]
        chosen[o] = out
    return best, place
