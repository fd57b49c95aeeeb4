"""Candidates that another can always replace: cheaper, worth as much, and with no rule more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from saldopas.models.planner.plan_arrays import CourseArrays, SetRules
from saldopas.models.planner.plan_compiled import compiled


@compiled
def undominated(
    core: NDArray[np.int64],
    value: NDArray[np.int64],
    slots: int,
    courses: CourseArrays,
    rules: SetRules,
) -> NDArray[np.int64]:
    """The core without courses that a best set of at most `slots` courses can do without.

    Where `slots` others can each replace a course, a set with it lacks one of these, and is no
    worse with that one instead (Kellerer, Pferschy and Pisinger 2004, section 5.4.2 for one).
    One is enough if the two exclude each other. Of equal courses the first ones stay.

    Args:
        core: (m,) candidates.
        value: (n,).
        slots: most courses.
        courses, rules: what is allowed.
    """
    kept = np.empty(len(core), np.int64)
    m = 0
    for i in core:
        better = 0
        for j in core:
            if (
                j != i
                and courses.price[j] <= courses.price[i]
                and value[j] >= value[i]
                and (j < i or courses.price[j] < courses.price[i] or value[j] > value[i])
                and (rules.plain or _freer(j, i, courses, rules))
            ):
                excludes = rules.conflict.shape[0] > 0 and rules.conflict[i, j]
                better += slots if excludes else 1
                if better >= slots:
                    break
        if better < slots:
            kept[m] = i
            m += 1
    return kept[:m]


@compiled
def _freer(j: int, i: int, courses: CourseArrays, rules: SetRules) -> bool:
    """Whether j keeps to every rule that i keeps to, in any set without j."""
    if rules.capped and courses.category[j] != courses.category[i]:
        return False
    if rules.timed and (courses.busy[j] > courses.busy[i] or courses.due[j] < courses.due[i]):
        return False
    for q in range(rules.earlier.shape[0]):
        if rules.earlier[q, j] and not rules.earlier[q, i]:
            return False
    if rules.conflict.shape[0] > 0:
        for other in range(rules.conflict.shape[0]):
            if rules.conflict[j, other] and other != i and not rules.conflict[i, other]:
                return False
    return True


@compiled
def twins(
    core: NDArray[np.int64],
    value: NDArray[np.int64],
    courses: CourseArrays,
    rules: SetRules,
) -> NDArray[np.int64]:
    """(m,) the last place before each where an equal course stands, -1 for none.

    A set with the later one and without the other is as good with the other instead.
    """
    twin = np.full(len(core), -1, np.int64)
    for a in range(len(core)):
        i = core[a]
        for b in range(a - 1, -1, -1):
            j = core[b]
            if (
                courses.price[j] == courses.price[i]
                and value[j] == value[i]
                and (rules.plain or (_freer(j, i, courses, rules) and _freer(i, j, courses, rules)))
            ):
                twin[a] = b
                break
    return twin
