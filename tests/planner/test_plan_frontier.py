"""The alternatives: exact ends, truly different plans between, names for people."""

from __future__ import annotations

import numpy as np
import pytest
from saldopas.models.planner.frontier import Alternative, alternatives
from saldopas.models.planner.plan import solve
from saldopas.models.planner.problem import PlanProblem

from tests.planner.cases import plain_case
from tests.planner.oracles import set_allowed
from tests.planner.promises import same

STEPS = 10**8


def by_key(found: tuple[Alternative, ...]) -> dict[str, Alternative]:
    return {key: one for one in found for key in one.keys}


def every_point(problem: PlanProblem) -> set[tuple[int, int]]:
    """(relevance in 1e-9, leftover) of every allowed set."""
    from itertools import combinations

    points = set()
    for size in range(problem.max_courses + 1):
        for items in combinations(range(problem.n_items), size):
            if set_allowed(problem, items):
                units = sum(round(float(problem.relevance[i]) * 1e9) for i in items)
                spent = sum(int(problem.price_rp[i]) for i in items)
                points.add((units, problem.balance_rp - spent))
    return points


@pytest.mark.parametrize("seed", range(40))
def test_ends_are_the_most_relevance_and_the_least_leftover_of_all_sets(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = plain_case(rng, "weak", n=12, max_courses=4, leftover_price=0.0)
    points = every_point(problem)
    found = by_key(alternatives(problem, step_limit=STEPS))
    best, least = found["best_match"].plan, found["least_left"].plan
    assert (round(best.relevance * 1e9), -best.leftover_rp) == max((r, -left) for r, left in points)
    assert (least.leftover_rp, -round(least.relevance * 1e9)) == min(
        (left, -r) for r, left in points
    )


@pytest.mark.parametrize("seed", range(40))
def test_no_set_beats_a_plan_between_the_ends_in_both(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = plain_case(rng, "independent", n=12, max_courses=4, leftover_price=0.0)
    points = every_point(problem)
    for key, one in by_key(alternatives(problem, step_limit=STEPS)).items():
        mine = (round(one.plan.relevance * 1e9), one.plan.leftover_rp)
        better = [p for p in points if p[0] >= mine[0] and p[1] <= mine[1] and p != mine]
        assert key == "other" or not better


@pytest.mark.parametrize("kind", ["independent", "weak", "levels"])
@pytest.mark.parametrize("balance_rp", [300_000, 1_000_000, 3_500_000])
def test_three_to_five_plans_and_those_between_truly_different(kind: str, balance_rp: int) -> None:
    problem = plain_case(np.random.default_rng(4), kind, balance_rp=balance_rp)
    found = alternatives(problem)
    assert 3 <= len(found) <= 5
    sets = [set(one.plan.items.tolist()) for one in found]
    assert len({frozenset(one) for one in sets}) == len(sets)
    for place, one in enumerate(found):
        if one.keys[0] in ("balanced", "other"):
            for other, its_set in zip(found, sets, strict=True):
                if other.keys[0] in ("best_match", "least_left"):
                    assert len(its_set & sets[place]) <= len(its_set) * 2 / 3


def test_the_best_match_is_the_plan_itself() -> None:
    problem = plain_case(np.random.default_rng(2), "weak")
    assert same(alternatives(problem)[0].plan, solve(problem))


@pytest.mark.parametrize("seed", range(20))
def test_what_might_be_left_less_is_told_in_rupiah(seed: int) -> None:
    problem = plain_case(np.random.default_rng(seed), "independent", step=1)
    early = by_key(alternatives(problem, step_limit=300))["least_left"]
    least = by_key(alternatives(problem, step_limit=STEPS))["least_left"]
    assert early.plan.leftover_rp - early.gap_rp <= least.plan.leftover_rp
    assert least.gap_rp == 0


def test_hand_made_frontier() -> None:
    """Of sets of one: 80 (.9), 95 (.8) and 100 (.3), each better in one way; 90 (.2) in none."""
    problem = PlanProblem(np.array([80, 90, 95, 100]), np.array([0.9, 0.2, 0.8, 0.3]), 100, 1)
    found = by_key(alternatives(problem))
    assert {key: one.plan.items.tolist() for key, one in found.items()} == {
        "best_match": [0],
        "balanced": [2],
        "least_left": [3],
    }
    assert [one.name for one in alternatives(problem)] == [
        "Paling cocok",
        "Seimbang",
        "Saldo paling habis",
    ]


def test_one_plan_that_is_best_in_both_has_both_names() -> None:
    problem = PlanProblem(np.array([100, 90]), np.array([0.9, 0.2]), 100, 1)
    first, other = alternatives(problem)
    assert first.keys == ("best_match", "least_left")
    assert first.name == "Paling cocok · Saldo paling habis"
    assert other.keys == ("other",)
    assert not other.on_frontier


def test_what_must_be_in_is_in_every_alternative() -> None:
    rng = np.random.default_rng(0)
    base = plain_case(rng, "independent")
    problem = PlanProblem(base.price_rp, base.relevance, 1_000_000, 8, must_include=(7,))
    assert all(7 in one.plan.items for one in alternatives(problem))
