"""How much a set may be worth at most: Lagrangian relaxation of money and days.

With multipliers mu >= 0 (value of a rupiah) and nu >= 0 (value of a day) every allowed set S of
at most k courses from a list has

    value(S) <= mu * money + nu * days + sum over S of (v_i - mu * p_i - nu * t_i),

and the last sum is at most that of the best k positive terms with at most `room` a category and
one a clique. These limits are nested (clique in category in all), a laminar matroid, so the best
terms are found greedily and exactly, and the best first s of them are the best s (Edmonds 1971).
The matroid's polytope is integral: at the best mu the bound is that of the linear relaxation
(Geoffrion 1974). All is int64: a bound that is reached is reached exactly, and no tie depends on
rounding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from saldopas.models.planner.plan_arrays import CourseArrays, SetRules
from saldopas.models.planner.plan_compiled import compiled

NO_TERM = 2**62


@compiled
def best_terms(
    among: NDArray[np.int64],
    worth: NDArray[np.int64],
    cost: NDArray[np.int64],
    multiplier: int,
    k: int,
    courses: CourseArrays,
    rules: SetRules,
    items: NDArray[np.int64],
    terms: NDArray[np.int64],
    least: int,
) -> int:
    """Fills `items`, `terms` with the best by worth - multiplier * cost; returns how many.

    Only terms of at least `least`, 1 or more, are taken.
    """
    n = 0
    for i in among:
        term = worth[i] - multiplier * cost[i]
        if term >= least and (n < k or term > terms[n - 1]):
            if rules.capped:
                n = _insert_limited(i, term, items, terms, n, k, courses, rules)
            else:
                n = _insert(i, term, items, terms, n, k)
    return n


@compiled
def _insert(
    item: int, term: int, items: NDArray[np.int64], terms: NDArray[np.int64], n: int, k: int
) -> int:
    """Into its place among the best `n`, sorted by `terms`; the last leaves if there are k."""
    place = n if n < k else k - 1
    while place > 0 and terms[place - 1] < term:
        terms[place] = terms[place - 1]
        items[place] = items[place - 1]
        place -= 1
    terms[place] = term
    items[place] = item
    return min(n + 1, k)


@compiled
def _insert_limited(
    item: int,
    term: int,
    items: NDArray[np.int64],
    terms: NDArray[np.int64],
    n: int,
    k: int,
    courses: CourseArrays,
    rules: SetRules,
) -> int:
    """The same within cliques and categories.

    The tightest limit that `item` breaks loses its smallest term, or `item` stays outside: the
    exchange along the one circuit that the course closes in a matroid.
    """
    category, clique = courses.category, courses.clique
    same, leaves = 0, -1
    for j in range(n):
        if category[items[j]] == category[item]:
            same += 1
            leaves = j
    if same < rules.room[category[item]]:
        leaves = -1
    if clique[item] >= 0:
        for j in range(n):
            if clique[items[j]] == clique[item]:
                leaves = j
    if leaves >= 0:
        if terms[leaves] >= term:
            return n
        for j in range(leaves, n - 1):
            items[j] = items[j + 1]
            terms[j] = terms[j + 1]
        n -= 1
    return _insert(item, term, items, terms, n, k)


@compiled
def best_multiplier(
    among: NDArray[np.int64],
    worth: NDArray[np.int64],
    cost: NDArray[np.int64],
    capacity: int,
    k: int,
    courses: CourseArrays,
    rules: SetRules,
    affordable: NDArray[np.int64],
) -> tuple[int, int, int]:
    """The whole multiplier with the least bound, the bound, and a set within the capacity.

    The bound is convex and piecewise linear in the multiplier, a line for each set. From one
    line that falls and one that rises the next multiplier is where they cross (Kelley 1960).

    Args:
        among: candidates.
        worth, cost: (n,).
        capacity: of the cost.
        k: at most so many courses.
        courses, rules: for the nested limits.
        affordable: filled with the set of the rising line.

    Returns:
        multiplier, bound, length of `affordable`.
    """
    items = np.empty(k, np.int64)
    terms = np.empty(k, np.int64)
    n = best_terms(among, worth, cost, 0, k, courses, rules, items, terms, 1)
    high_worth, high_cost = sums(items, n, worth, cost)
    if high_cost <= capacity:
        _copy(items, n, affordable)
        return 0, high_worth, n
    multiplier, bound = 0, high_worth
    low_worth, low_cost, low_n = 0, 0, 0
    while True:
        trial = (high_worth - low_worth) // (high_cost - low_cost)
        least = _least_term(items, n, worth, cost, trial) if n == k else 1
        n = best_terms(among, worth, cost, trial, k, courses, rules, items, terms, least)
        now_worth, now_cost = sums(items, n, worth, cost)
        now = now_worth - trial * now_cost
        if trial * capacity + now < bound:
            multiplier, bound = trial, trial * capacity + now
        if now <= max(high_worth - trial * high_cost, low_worth - trial * low_cost):
            break
        if now_cost > capacity:
            high_worth, high_cost = now_worth, now_cost
        else:
            low_worth, low_cost, low_n = now_worth, now_cost, n
            _copy(items, n, affordable)
    least = _least_term(items, n, worth, cost, trial + 1) if n == k else 1
    n = best_terms(among, worth, cost, trial + 1, k, courses, rules, items, terms, least)
    now_worth, now_cost = sums(items, n, worth, cost)
    if (trial + 1) * (capacity - now_cost) + now_worth < bound:
        multiplier, bound = trial + 1, (trial + 1) * (capacity - now_cost) + now_worth
    return multiplier, bound, low_n


@compiled
def _least_term(
    items: NDArray[np.int64],
    n: int,
    worth: NDArray[np.int64],
    cost: NDArray[np.int64],
    multiplier: int,
) -> int:
    """The smallest term of the first `n`, at least 1.

    If `n` are as many as may be taken, no smaller term is among the best: place by place these
    are at least as large as those of any other allowed set (Edmonds 1971).
    """
    least = NO_TERM
    for j in range(n):
        least = min(least, worth[items[j]] - multiplier * cost[items[j]])
    return max(least, 1)


@compiled
def _copy(items: NDArray[np.int64], n: int, to: NDArray[np.int64]) -> None:
    for j in range(n):
        to[j] = items[j]


@compiled
def sums(
    items: NDArray[np.int64], n: int, worth: NDArray[np.int64], cost: NDArray[np.int64]
) -> tuple[int, int]:
    """Worth and cost of the first `n` of `items`."""
    total_worth = 0
    total_cost = 0
    for j in range(n):
        total_worth += worth[items[j]]
        total_cost += cost[items[j]]
    return total_worth, total_cost


@compiled
def suffix_table(
    core: NDArray[np.int64],
    value: NDArray[np.int64],
    mus: NDArray[np.int64],
    nus: NDArray[np.int64],
    k: int,
    courses: CourseArrays,
    rules: SetRules,
) -> NDArray[np.int64]:
    """(m + 1, k + 1, M): the best sum of at most s terms among `core[a:]`, for each multiplier.

    Args:
        core: (m,) candidates in the order of branching.
        value: (n,).
        mus, nus: (M,) multipliers of money and days.
        k: most courses.
        courses, rules: for the nested limits.
    """
    m = len(core)
    table = np.empty((m + 1, k + 1, len(mus)), np.int64)
    items = np.empty(k, np.int64)
    terms = np.empty(k, np.int64)
    price, busy = courses.price, courses.busy
    for t in range(len(mus)):
        mu, nu = mus[t], nus[t]
        n = 0
        for s in range(k + 1):
            table[m, s, t] = 0
        for a in range(m - 1, -1, -1):
            i = core[a]
            term = value[i] - mu * price[i]
            if nu > 0:
                term -= nu * busy[i]
            if term <= 0 or (n == k and term <= terms[n - 1]):
                for s in range(k + 1):
                    table[a, s, t] = table[a + 1, s, t]
                continue
            if rules.capped:
                n = _insert_limited(i, term, items, terms, n, k, courses, rules)
            else:
                n = _insert(i, term, items, terms, n, k)
            total = 0
            table[a, 0, t] = 0
            for s in range(k):
                if s < n:
                    total += terms[s]
                table[a, s + 1, t] = total
    return table
