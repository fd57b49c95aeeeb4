"""A good allowed set to begin the search with: the relaxation's courses, improved by exchanges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from saldopas.models.planner.plan_arrays import CourseArrays, SetRules, fits
from saldopas.models.planner.plan_compiled import compiled


@compiled
def first_set(
    among: NDArray[np.int64],
    proposed: NDArray[np.int64],
    value: NDArray[np.int64],
    money: int,
    chosen: NDArray[np.int64],
    n: int,
    courses: CourseArrays,
    rules: SetRules,
) -> int:
    """Adds to the first `n` of `chosen`, the forced courses; returns how many are chosen then.

    Takes what is proposed and allowed, then always the best addition.

    Args:
        among: candidates.
        proposed: some of them, in the order in which they are tried.
        value: (n,) at least 0.
        money: rupiah left after the forced courses.
        chosen: (max_courses,), filled in place.
        n: how many are forced.
        courses, rules: what is allowed.
    """
    for i in proposed:
        if courses.price[i] <= money and (rules.plain or fits(i, chosen, n, courses, rules)):
            chosen[n] = i
            n += 1
            money -= courses.price[i]
    while True:
        item = _best_addition(among, value, money, chosen, n, courses, rules)
        if item < 0:
            return n
        chosen[n] = item
        n += 1
        money -= courses.price[item]


@compiled
def exchange(
    among: NDArray[np.int64],
    value: NDArray[np.int64],
    money: int,
    chosen: NDArray[np.int64],
    n_forced: int,
    n: int,
    courses: CourseArrays,
    rules: SetRules,
) -> int:
    """Makes the best exchange of one course, then additions, as long as one gains; the new n.

    Args:
        among: candidates.
        value: (n,) at least 0.
        money: rupiah left after all of `chosen`.
        chosen: (max_courses,), changed in place.
        n_forced: how many of them must stay.
        n: how many are chosen.
        courses, rules: what is allowed.
    """
    while True:
        item, place = _best_exchange(among, value, money, chosen, n_forced, n, courses, rules)
        if item < 0:
            return n
        money += courses.price[chosen[place]] - courses.price[item]
        chosen[place] = item
        item = _best_addition(among, value, money, chosen, n, courses, rules)
        if item >= 0:
            chosen[n] = item
            n += 1
            money -= courses.price[item]


@compiled
def _best_addition(
    among: NDArray[np.int64],
    value: NDArray[np.int64],
    money: int,
    chosen: NDArray[np.int64],
    n: int,
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
            and _new(i, chosen, n)
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
                and _new(i, chosen, n - 1)
                and i != out
                and (rules.plain or fits(i, chosen, n - 1, courses, rules))
            ):
                best, place, gain = i, o, value[i] - value[out]
                needed = value[i]
        chosen[n - 1] = chosen[o]
        chosen[o] = out
    return best, place


@compiled
def _new(item: int, chosen: NDArray[np.int64], n: int) -> bool:
    for d in range(n):  # noqa: SIM110, `any` of a generator is not compiled
        if chosen[d] == item:
            return False
    return True
