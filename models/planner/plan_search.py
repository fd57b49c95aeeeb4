"""The most valuable allowed set, with a proof: reduction, then branch and bound in int64.

1. The relaxation of `plan_bounds` gives multipliers and a bound; exchanges give a first set.
2. A course that cannot be in a better set by its reduced value (value - mu * price - nu * days)
   is left out for good (Fayard and Plateau 1982). What stays is the core.
3. Depth first over the core by reduced value; a child is bounded by the least of several
   multipliers, and so are all its later siblings, so that the first bound that fails ends a level.
4. What is not proven after `QUICK` steps is improved by `plan_refill`, at the cost of at most half
   of the steps, and searched again by `plan_thorough`, whose bounds know the days and which takes
   the last four courses at once.

A step is a child looked at; the limit counts steps and not seconds, so that the same request has
the same answer on any machine. Past it the largest open bound is returned.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from saldopas.models.planner.plan_arrays import CourseArrays, SetRules, fits, sort_by
from saldopas.models.planner.plan_bounds import best_multiplier, best_terms, sums
from saldopas.models.planner.plan_branch import branch
from saldopas.models.planner.plan_compiled import compiled
from saldopas.models.planner.plan_core import core_of, reduced_values, sort_core
from saldopas.models.planner.plan_refill import refill
from saldopas.models.planner.plan_start import exchange, first_set
from saldopas.models.planner.plan_thorough import thorough

QUICK = 20_000


@compiled
def search(
    courses: CourseArrays,
    rules: SetRules,
    usable: NDArray[np.bool_],
    value: NDArray[np.int64],
    forced: NDArray[np.int64],
    balance: int,
    max_courses: int,
    step_limit: int,
) -> tuple[NDArray[np.int64], int, int]:
    """The set with the largest sum of values among the allowed sets that contain `forced`.

    Args:
        courses: n candidates.
        rules: what is allowed beside price and number.
        usable: (n,) bool, which candidates may be chosen; forced ones need not be usable.
        value: (n,) int64, at least 0; sums stay below 2**61.
        forced: (f,) an allowed set that is affordable.
        balance: rupiah.
        max_courses: at least f.
        step_limit: children to look at.

    Returns:
        Positions of the set, forced first; the largest value any allowed set can have, equal to
        the set's value where it is proven to be the best; steps.
    """
    n_forced = len(forced)
    chosen = np.empty(max_courses, np.int64)
    money, spent_value, days = balance, 0, 0
    if rules.timed:
        for due in courses.due:
            days = max(days, due)
    for d in range(n_forced):
        i = forced[d]
        chosen[d] = i
        money -= courses.price[i]
        days -= courses.busy[i]
        spent_value += value[i]
    slots = max_courses - n_forced
    among = _open(courses, rules, usable, value, chosen, n_forced, money)
    if slots == 0 or len(among) == 0:
        return chosen[:n_forced], spent_value, 0
    if rules.timed:
        slots = _most_in_time(among, forced, slots, courses)
    open_rules = rules
    if rules.capped:
        open_rules = _open_rules(forced, courses, rules)
        slots = _most_together(among, value, slots, courses, open_rules)
    mu, nu, bound, proposed = _relaxed(among, value, money, days, slots, courses, open_rules)
    root = bound
    n = first_set(among, proposed, value, money, chosen, n_forced, courses, rules)
    found, spent = sums(chosen[n_forced:], n - n_forced, value, courses.price)
    if found >= bound:
        return chosen[:n], spent_value + found, 0
    reduced, least = reduced_values(among, value, mu, nu, slots, courses, open_rules)
    among = core_of(among, reduced, least, bound - found)
    n = exchange(among, value, money - spent, chosen, n_forced, n, courses, rules)
    found, spent = sums(chosen[n_forced:], n - n_forced, value, courses.price)
    if found >= bound:
        return chosen[:n], spent_value + found, 0
    core = core_of(among, reduced, least, bound - found)
    sort_core(core, reduced)
    chosen, open_bound, steps = branch(
        core,
        value,
        mu,
        nu,
        money,
        days,
        chosen[:n],
        found,
        n_forced,
        slots,
        min(step_limit, QUICK),
        courses,
        rules,
        open_rules,
    )
    found, _ = sums(chosen[n_forced:], len(chosen) - n_forced, value, courses.price)
    bound = min(bound, open_bound)
    if found < bound and step_limit > QUICK:
        found, more = refill(
            core,
            value,
            money,
            chosen,
            n_forced,
            found,
            bound,
            (step_limit - steps) // 2,
            courses,
            rules,
        )
        steps += more
    if found < bound and step_limit > steps:
        chosen, open_bound, more = thorough(
            core_of(core, reduced, least, root - found),
            value,
            mu,
            nu,
            money,
            days,
            chosen,
            found,
            bound,
            n_forced,
            slots,
            step_limit - steps,
            courses,
            rules,
            open_rules,
        )
        bound = min(bound, open_bound)
        steps += more
    return chosen, spent_value + bound, steps


@compiled
def _open(
    courses: CourseArrays,
    rules: SetRules,
    usable: NDArray[np.bool_],
    value: NDArray[np.int64],
    chosen: NDArray[np.int64],
    n_forced: int,
    money: int,
) -> NDArray[np.int64]:
    """Candidates that may join the forced set and are worth something."""
    among = np.empty(len(value), np.int64)
    m = 0
    for i in range(len(value)):
        if (
            usable[i]
            and value[i] > 0
            and courses.price[i] <= money
            and (rules.plain or fits(i, chosen, n_forced, courses, rules))
        ):
            among[m] = i
            m += 1
    return among[:m]


@compiled
def _open_rules(forced: NDArray[np.int64], courses: CourseArrays, rules: SetRules) -> SetRules:
    """The rules with the room that the forced courses leave: for bounds of what joins them."""
    room = rules.room.copy()
    for i in forced:
        room[courses.category[i]] -= 1
    return SetRules(
        rules.plain,
        rules.capped,
        rules.timed,
        room,
        rules.conflict,
        rules.earlier,
        rules.shared_most,
    )


@compiled
def _most_in_time(
    among: NDArray[np.int64], forced: NDArray[np.int64], slots: int, courses: CourseArrays
) -> int:
    """How many more courses the days leave room for, at most `slots`.

    All but the last of a plan are over by the last day on which anything may be bought. They are
    at least the forced but the longest, and of the others all but one: the shortest, at best.
    """
    slack, before, longest = 0, 0, 0
    for i in forced:
        slack = max(slack, courses.due[i] - courses.busy[i])
        before += courses.busy[i]
        longest = max(longest, courses.busy[i])
    busy = np.empty(len(among), np.int64)
    for a in range(len(among)):
        busy[a] = courses.busy[among[a]]
        slack = max(slack, courses.due[among[a]] - busy[a])
    sort_by(busy, among.copy())
    before -= longest
    n = 0
    while n < min(slots, len(among)) and before <= slack:
        before += busy[n]
        n += 1
    return n


@compiled
def _most_together(
    among: NDArray[np.int64],
    value: NDArray[np.int64],
    slots: int,
    courses: CourseArrays,
    rules: SetRules,
) -> int:
    """How many courses categories and cliques leave room for, at most `slots`: the matroid's rank.

    The search counts what is left to choose from it, as its bounds do not know which category
    the courses before have filled.
    """
    items = np.empty(slots, np.int64)
    terms = np.empty(slots, np.int64)
    return best_terms(among, value, courses.price, 0, slots, courses, rules, items, terms, 1)


@compiled
def _relaxed(
    among: NDArray[np.int64],
    value: NDArray[np.int64],
    money: int,
    days: int,
    slots: int,
    courses: CourseArrays,
    rules: SetRules,
) -> tuple[int, int, int, NDArray[np.int64]]:
    """Multipliers of money and days, their bound, and a set that keeps to the money.

    With days, one multiplier is chosen at a time, the other held; any pair is a valid bound.
    """
    proposed = np.empty(slots, np.int64)
    mu, bound, n = best_multiplier(
        among, value, courses.price, money, slots, courses, rules, proposed
    )
    nu = 0
    if rules.timed:
        unused = np.empty(slots, np.int64)
        reduced = np.empty(len(value), np.int64)
        for _ in range(3):
            _less(value, mu, courses.price, reduced)
            trial_nu, trial, _ = best_multiplier(
                among, reduced, courses.busy, days, slots, courses, rules, unused
            )
            if trial + mu * money >= bound:
                break
            nu, bound = trial_nu, trial + mu * money
            _less(value, nu, courses.busy, reduced)
            trial_mu, trial, _ = best_multiplier(
                among, reduced, courses.price, money, slots, courses, rules, unused
            )
            if trial + nu * days >= bound:
                break
            mu, bound = trial_mu, trial + nu * days
    return mu, nu, bound, proposed[:n]


@compiled
def _less(
    value: NDArray[np.int64],
    multiplier: int,
    cost: NDArray[np.int64],
    reduced: NDArray[np.int64],
) -> None:
    for i in range(len(value)):
        reduced[i] = value[i] - multiplier * cost[i]
