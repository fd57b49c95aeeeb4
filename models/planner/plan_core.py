"""The core: courses that may be in a better set by their reduced values, the best first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from saldopas.models.planner.plan_arrays import CourseArrays, SetRules, sort_by
from saldopas.models.planner.plan_bounds import best_terms
from saldopas.models.planner.plan_compiled import compiled


@compiled
def reduced_values(
    among: NDArray[np.int64],
    value: NDArray[np.int64],
    mu: int,
    nu: int,
    slots: int,
    courses: CourseArrays,
    rules: SetRules,
) -> tuple[NDArray[np.int64], int]:
    """(n,) reduced values, and the smallest of the relaxed set if that is full, else 0."""
    reduced = np.empty(len(value), np.int64)
    for i in among:
        reduced[i] = value[i] - mu * courses.price[i]
        if nu > 0:
            reduced[i] -= nu * courses.busy[i]
    items = np.empty(slots, np.int64)
    terms = np.empty(slots, np.int64)
    n = best_terms(among, reduced, courses.price, 0, slots, courses, rules, items, terms, 1)
    return reduced, terms[n - 1] if n == slots else 0


@compiled
def core_of(
    among: NDArray[np.int64], reduced: NDArray[np.int64], least: int, slack: int
) -> NDArray[np.int64]:
    """Courses that a set may contain that is worth more than bound - slack.

    A set with course i is worth at most bound - least + min(reduced_i, least).
    """
    core: NDArray[np.int64] = np.empty(len(among), np.int64)
    m = 0
    for i in among:
        if least - min(reduced[i], least) < slack:
            core[m] = i
            m += 1
    return core[:m]


@compiled
def sort_core(core: NDArray[np.int64], reduced: NDArray[np.int64]) -> None:
    """By falling reduced value, then course order."""
    keys = np.empty(len(core), np.int64)
    for a in range(len(core)):
        keys[a] = -reduced[core[a]]
    sort_by(keys, core)
