"""The parts of long searches against brute force: pairs, refills, dominance, bounds with days."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
from saldopas.models.planner.plan_arrays import CourseArrays, SetRules
from saldopas.models.planner.plan_dominance import twins, undominated
from saldopas.models.planner.plan_quads import LAST, best_four, pairs_of, room_for
from saldopas.models.planner.plan_refill import back, refill, to_the_end
from saldopas.models.planner.plan_timeline import timeline_of, timeline_table

N, SLOTS, SEEDS = 9, 4, range(60)


def drawn(
    seed: int, *, timed: bool = False
) -> tuple[CourseArrays, SetRules, np.ndarray, np.random.Generator]:
    """Few prices and values, so that ties are many; near-duplicates or days."""
    rng = np.random.default_rng(seed)
    price, value = rng.integers(1, 12, N), rng.integers(1, 9, N)
    conflict = np.triu(rng.random((N, N)) < 0.15, 1)
    conflict |= conflict.T
    if timed:
        conflict = np.zeros((0, 0), np.bool_)
    busy = rng.integers(1, 5, N)
    due = busy + rng.integers(0, 9, N)
    zeros = np.zeros(N, np.int64)
    courses = CourseArrays(price, zeros, zeros - 1, busy, due)
    none, room = np.zeros((0, N), np.bool_), np.array([N])
    return courses, SetRules(False, False, timed, room, conflict, none, zeros[:0]), value, rng


def allowed(chosen: tuple[int, ...], courses: CourseArrays, rules: SetRules) -> bool:
    """By the definition: no near-duplicates, and by rising due day all in time."""
    if rules.conflict.size and any(rules.conflict[i, j] for i, j in combinations(chosen, 2)):
        return False
    gone = 0
    for i in sorted(chosen, key=lambda i: int(courses.due[i])) if rules.timed else ():
        gone += int(courses.busy[i])
        if gone > courses.due[i]:
            return False
    return True


def sets(items: list[int], most: int) -> Iterator[tuple[int, ...]]:
    for size in range(most + 1):
        yield from combinations(items, size)


@pytest.mark.parametrize("most", [2, 3, 4])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_last_courses_from_pairs_are_the_best_ones(seed: int, most: int) -> None:
    courses, rules, value, rng = drawn(seed, timed=seed % 2 == 0)
    core, money = np.arange(1, N), int(rng.integers(3, 40))
    before = np.zeros(1 + LAST, np.int64)  # course 0 is in already
    if not allowed((0,), courses, rules):
        return
    free = np.append(rng.random(N - 1) < 0.8, True)
    price, worth = courses.price[core], value[core]
    pairs = pairs_of(np.arange(N - 1), core, price, worth, money, before, 1, courses, rules)
    kept, top = room_for(pairs)
    gain, places, _ = best_four(
        pairs, kept, top, free, core, money, 0, most, before, 1, 10**6, courses, rules
    )
    best = max(
        int(value[list(some)].sum())
        for some in sets(core[free[:-1]].tolist(), most)
        if courses.price[list(some)].sum() <= money and allowed((0, *some), courses, rules)
    )
    found = core[places]
    assert gain == best == value[found].sum()
    assert len(set(found.tolist())) == len(found) <= most
    assert courses.price[found].sum() <= money
    assert free[places].all()
    assert allowed((0, *found.tolist()), courses, rules)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_dominated_is_not_missed(seed: int) -> None:
    courses, rules, value, rng = drawn(seed, timed=seed % 2 == 0)
    core, money, slots = np.arange(N), int(rng.integers(3, 30)), int(rng.integers(1, SLOTS))
    kept = undominated(core, value, slots, courses, rules)
    twin = twins(core, value, courses, rules)

    def best(items: list[int]) -> int:
        return max(
            int(value[list(some)].sum())
            for some in sets(items, slots)
            if courses.price[list(some)].sum() <= money
            and allowed(some, courses, rules)
            and all(twin[i] < 0 or twin[i] in some or twin[i] not in items for i in some)
        )

    every = max(
        int(value[list(some)].sum())
        for some in sets(core.tolist(), slots)
        if courses.price[list(some)].sum() <= money and allowed(some, courses, rules)
    )
    assert best(kept.tolist()) == every
    assert best(core.tolist()) == every


def test_as_many_as_slots_dominate_a_course_and_one_fewer_do_not() -> None:
    courses, _, _, _ = drawn(0)
    plain = SetRules(
        True,
        False,
        False,
        np.array([N]),
        np.zeros((0, 0), np.bool_),
        np.zeros((0, N), np.bool_),
        np.zeros(0, np.int64),
    )
    courses = courses._replace(price=np.full(N, 5))
    value = np.array([9, 8, 7, 6, 5, 5, 4, 3, 2])
    assert undominated(np.arange(N), value, 3, courses, plain).tolist() == [0, 1, 2]
    assert twins(np.arange(N), value, courses, plain).tolist() == [-1] * 5 + [4] + [-1] * 3


# the second of two courses is cheaper and worth as much; what it has more of than the first
STRICTER: dict[str, dict[str, list[int]]] = {
    "nothing": {},
    "days": {"busy": [2, 3]},
    "haste": {"due": [6, 5]},
    "another category": {"category": [0, 1]},
    "offered before": {"earlier": [0, 1]},
}


@pytest.mark.parametrize("more", STRICTER)
def test_a_course_stays_beside_a_cheaper_one_that_has_a_rule_more(more: str) -> None:
    has = {"busy": [2, 2], "due": [6, 6], "category": [0, 0], "earlier": [0, 0]} | STRICTER[more]
    busy, due, category = (np.array(has[name]) for name in ("busy", "due", "category"))
    courses = CourseArrays(np.array([5, 4]), category, np.array([-1, -1]), busy, due)
    earlier = np.array([has["earlier"]], np.bool_)
    nothing = np.zeros((0, 0), np.bool_)
    rules = SetRules(False, True, True, np.array([1, 1]), nothing, earlier, np.array([1]))
    kept = undominated(np.arange(2), np.array([3, 3]), 1, courses, rules)
    assert kept.tolist() == ([1] if more == "nothing" else [0, 1])


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bound_with_days_is_the_best_set_in_time(seed: int) -> None:
    """With multiplier 0 and days in units of 1 nothing is relaxed but money."""
    courses, rules, value, rng = drawn(seed, timed=True)
    forced = rng.permutation(N)[: int(rng.integers(0, 3))]
    if not allowed(tuple(forced.tolist()), courses, rules):
        return
    core = np.array([i for i in np.argsort(courses.due, kind="stable") if i not in forced])
    line = timeline_of(core, forced, SLOTS, courses)
    assert line.unit == 1
    table = timeline_table(value[core], SLOTS, line)
    for slots in range(SLOTS + 1):
        best = max(
            int(value[list(some)].sum())
            for some in sets(core.tolist(), slots)
            if allowed((*some, *forced.tolist()), courses, rules)
        )
        assert table[0, slots, 0] == best


@pytest.mark.parametrize("seed", SEEDS)
def test_refilling_gains_keeps_to_the_rules_and_leaves_no_better_four(seed: int) -> None:
    courses, rules, value, rng = drawn(seed, timed=seed % 2 == 0)
    money = int(rng.integers(20, 45))
    fives = [
        some
        for some in combinations(range(N), 5)
        if courses.price[list(some)].sum() <= money and allowed(some, courses, rules)
    ]
    if not fives:
        return
    chosen = np.array(fives[int(rng.integers(len(fives)))])
    first, begun = int(chosen[0]), int(value[chosen[1:]].sum())
    found, steps = refill(
        np.array([i for i in range(N) if i != first]),
        value,
        money - int(courses.price[first]),
        chosen,
        1,
        begun,
        10**6,
        10**6,
        courses,
        rules,
    )
    best = max(int(value[list(some)].sum()) for some in fives if first in some)
    assert found == value[chosen[1:]].sum() >= begun
    assert found + value[first] == best
    assert chosen[0] == first
    assert len(set(chosen.tolist())) == 5
    assert steps >= 0
    assert courses.price[chosen].sum() <= money
    assert allowed(tuple(chosen.tolist()), courses, rules)


def test_every_three_of_a_set_comes_to_the_end_once() -> None:
    chosen = np.arange(8)
    ends = []
    for a, b, c in combinations(range(8), 3):
        to_the_end(chosen, a, b, c)
        ends.append(tuple(sorted(chosen[-3:].tolist())))
        back(chosen, a, b, c)
        assert chosen.tolist() == list(range(8))
    assert sorted(ends) == list(combinations(range(8), 3))
