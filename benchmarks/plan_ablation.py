"""What each part of the plan search proves that the others do not.

    python -m benchmarks.plan_ablation [--problems 2]

Each line switches one part off and solves the same problems: those of `benchmarks.planner` and
random cases of `tests.planner.cases` within the limit of `solve` (100,000,000 steps), and problems
with the rules of a request within the limit of `POST /plan` (300,000 steps), for the best match and
once for the least left over. Printed are the plans that are not proven, the milliseconds of
all problems (CPU time of the thread), the slowest one, and steps in millions.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from saldopas.models.planner.answer import ANSWER_STEPS
from saldopas.models.planner.days import NEVER, CourseDays, Window
from saldopas.models.planner.plan import (
    STEP_LIMIT,
    Weights,
    declared_weights,
    least_leftover_weights,
)
from saldopas.models.planner.problem import PlanProblem, PlanRefusedError, pairs_within
from saldopas.training_pipeline.console import print_table

from benchmarks.planner import BALANCES, STEPS
from tests.planner.cases import KINDS, TODAY, plain_case, prices, random_case, relevances

LAYERS = {
    "every part": 0,
    "exchanges": 1,
    "exchanges of two": 64,
    "core": 2,
    "multipliers": 4,
    "timeline": 8,
    "pairs": 16,
    "quick search": 32,
}  # as `Layer` in `plan_search.hpp`
N_CANDIDATES = 100
RULES = ("days", "few days", "categories", "groups", "days, categories, groups, must include")


@dataclass(frozen=True)
class Search:
    """One search of the comparison."""

    problem: PlanProblem
    weights: Weights
    step_limit: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=2, help="of each sort, times 6")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    groups = {
        "of benchmarks.planner": list(plain(6 * asked.problems, asked.seed)),
        "random": list(random(400 * asked.problems, asked.seed)),
    }
    for days in (False, True):
        ruled = list(with_rules(6 * asked.problems, days))
        name = "days" if days else "no days"
        groups[f"best match, {name}"] = [
            Search(one, declared_weights(one), ANSWER_STEPS) for one in ruled
        ]
        groups[f"least left, {name}"] = [
            Search(one, least_leftover_weights(one), ANSWER_STEPS) for one in ruled
        ]
    print_table(
        "without one part: unproven / ms of all / ms of the slowest / million steps",
        ("without", *(f"{name} ({len(some):,})" for name, some in groups.items())),
        [
            (name, *(measured(some, bit) for some in groups.values()))
            for name, bit in LAYERS.items()
        ],
    )


def plain(problems: int, seed: int) -> Iterator[Search]:
    """The timed problems of `benchmarks.planner`."""
    for kind in KINDS:
        for step in STEPS:
            rng = np.random.default_rng(seed)
            for balance_rp in BALANCES:
                for _ in range(problems):
                    problem = plain_case(rng, kind, balance_rp=balance_rp, step=step)
                    yield Search(problem, declared_weights(problem), STEP_LIMIT)


def random(cases: int, seed: int) -> Iterator[Search]:
    """The first cases of `benchmarks.planner --cases`."""
    for case in range(cases):
        problem = random_case(np.random.default_rng([seed, case]))
        try:
            problem.check_must_include()
        except PlanRefusedError:
            continue
        yield Search(problem, declared_weights(problem), STEP_LIMIT)


def with_rules(problems: int, days: bool) -> Iterator[PlanProblem]:
    """Requests of a hundred candidates, with and without days."""
    for rule in RULES:
        for kind in ("independent", "weak", "strong", "levels"):
            for place in range(problems if ("days" in rule) == days else 0):
                places = [3, place, RULES.index(rule), KINDS.index(kind)]
                yield ruled_case(np.random.default_rng(places), rule, kind)


def ruled_case(rng: np.random.Generator, rule: str, kind: str) -> PlanProblem:
    n = N_CANDIDATES
    price = prices(rng, n, 1_000)
    balance_rp = int(rng.choice(BALANCES))
    more: dict[str, Any] = {}
    if "days" in rule:
        more["days"] = CourseDays(
            lead=np.where(rng.random(n) < 0.2, 3, 0) + rng.integers(0, 2, n),
            duration=rng.integers(1, 15, n),
            last_sale_day=np.where(rng.random(n) < 0.3, TODAY + rng.integers(3, 90, n), NEVER),
            window=Window(
                first_day=TODAY,
                first_by=TODAY + 29,
                last_purchase_day=TODAY + int(rng.integers(10, 30 if "few" in rule else 60)),
            ),
        )
    if "categories" in rule:
        more |= {"category": rng.integers(0, 11, n), "max_per_category": 2}
    if "groups" in rule:
        more["near_duplicates"] = pairs_within(rng.integers(-1, n // 3, n))
    if "must include" in rule:
        more["must_include"] = (int(price.argmin()),)
    relevance = relevances(rng, price, kind)
    return PlanProblem(price, relevance, balance_rp, 8, leftover_price=0.2 / balance_rp, **more)


def measured(some: list[Search], without: int) -> str:
    """One cell of the table."""
    unproven, steps, taken = 0, 0, []
    for one in some:
        weights = one.weights
        begun = time.thread_time()
        *_, missing, looked_at = one.problem.solver.solve(
            weights.relevance, weights.price, one.step_limit, without=without
        )
        taken.append(time.thread_time() - begun)
        unproven += missing > 0
        steps += looked_at
    return f"{unproven} / {sum(taken) * 1e3:,.0f} / {max(taken) * 1e3:.1f} / {steps / 1e6:.1f}"


if __name__ == "__main__":
    main()
