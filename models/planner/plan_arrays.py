"""What the compiled search reads: candidates of one request and rules of a set, as arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from saldopas.models.planner.plan_compiled import compiled


class CourseArrays(NamedTuple):
    """n candidates in course order; every array (n,) int64, contiguous.

    Attributes:
        price: rupiah.
        category: 0..C-1.
        clique: a number shared only by courses of one category that are all near-duplicates of
            one another; -1 for a course that has none.
        busy: days from its purchase to the next possible purchase.
        due: days from the first possible purchase to the end of `busy`, if it is bought on the
            last day on which it may be bought.
    """

    price: NDArray[np.int64]
    category: NDArray[np.int64]
    clique: NDArray[np.int64]
    busy: NDArray[np.int64]
    due: NDArray[np.int64]


class SetRules(NamedTuple):
    """What a set must keep to. Whatever is allowed stays allowed when a course is left out.

    Attributes:
        plain: there is no rule but price and number, so that none needs looking at.
        capped: categories or cliques are limited.
        timed: the days may forbid a set.
        room: (C,) int64, how many courses of each category.
        conflict: (n, n) bool, near-duplicates; (0, 0) where there are none.
        earlier: (q, n) bool, sets that were offered before.
        shared_most: (q,) int64, how many courses of each earlier set may come again.
    """

    plain: bool
    capped: bool
    timed: bool
    room: NDArray[np.int64]
    conflict: NDArray[np.bool_]
    earlier: NDArray[np.bool_]
    shared_most: NDArray[np.int64]


@compiled
def fits(
    item: int, chosen: NDArray[np.int64], n: int, courses: CourseArrays, rules: SetRules
) -> bool:
    """Whether `item` may join the first `n` of `chosen`, an allowed set; prices aside."""
    if rules.capped:
        same = 0
        for d in range(n):
            if courses.category[chosen[d]] == courses.category[item]:
                same += 1
        if same >= rules.room[courses.category[item]]:
            return False
    if rules.conflict.shape[0] > 0:
        for d in range(n):
            if rules.conflict[item, chosen[d]]:
                return False
    for q in range(rules.earlier.shape[0]):
        if rules.earlier[q, item]:
            shared = 0
            for d in range(n):
                if rules.earlier[q, chosen[d]]:
                    shared += 1
            if shared >= rules.shared_most[q]:
                return False
    return not rules.timed or in_time(item, chosen, n, courses.busy, courses.due)


@compiled
def in_time(
    item: int,
    chosen: NDArray[np.int64],
    n: int,
    busy: NDArray[np.int64],
    due: NDArray[np.int64],
) -> bool:
    """Whether `item` and the first `n` of `chosen` can be taken one after the other in time.

    One machine, no release days: an order in time exists exactly when the order by due day is in
    time (Jackson 1955), that is when for every course x of the set

        sum of busy_y over all y with due_y <= due_x   is at most   due_x.

    `chosen` alone is in time, so only x with due_x >= due_item need looking at.
    """
    for c in range(-1, n):
        x = item if c < 0 else chosen[c]
        if due[x] < due[item]:
            continue
        days = busy[item]
        for d in range(n):
            if due[chosen[d]] <= due[x]:
                days += busy[chosen[d]]
        if days > due[x]:
            return False
    return True


@compiled
def sort_by(keys: NDArray[np.int64], items: NDArray[np.int64]) -> None:
    """Sorts both in place by rising key, then item (Shell 1959, gaps of Ciura 2001)."""
    for gap in (701, 301, 132, 57, 23, 10, 4, 1):
        for a in range(gap, len(keys)):
            key, item, b = keys[a], items[a], a
            while b >= gap and (
                keys[b - gap] > key or (keys[b - gap] == key and items[b - gap] > item)
            ):
                keys[b] = keys[b - gap]
                items[b] = items[b - gap]
                b -= gap
            keys[b] = key
            items[b] = item
