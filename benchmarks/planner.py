"""The planner beside other exact solvers: the same optimum, its promises, and its time.

    python -m benchmarks.planner --cases 10000       # against all sets, CP-SAT and HiGHS
    python -m benchmarks.planner --promises 100000   # every promise on random cases
    python -m benchmarks.planner                     # times beside OR-tools in the same run

`--first N` begins with case N, so that many cases can be run in pieces.

Times are CPU times of the one thread, so that other processes are not counted. What takes under
50 ms is repeated for 5 ms, three times, and the best mean counts, for every solver alike. Figures
vary by a third between runs: quote the ratios.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from ortools.algorithms.python import knapsack_solver as knapsack  # type: ignore[import-untyped]
from saldopas.models.planner.ahead import what_is_left
from saldopas.models.planner.frontier import alternatives
from saldopas.models.planner.plan import STEP_LIMIT, Plan, declared_weights, solve
from saldopas.models.planner.problem import PlanProblem, PlanRefusedError
from saldopas.training_pipeline.console import print_table

from tests.planner import oracles
from tests.planner.cases import KINDS, plain_case, random_case
from tests.planner.promises import broken, same

BALANCES = (300_000, 1_000_000, 3_500_000)
STEPS = (1_000, 1)
PEER_LIMIT_S = 2.0
SHORT_S = 0.05
BATCH_S = 0.005
LONG = 50 * STEP_LIMIT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=0, help="compare so many optima")
    parser.add_argument("--first", type=int, default=0, help="begin with this case")
    parser.add_argument("--promises", type=int, default=0, help="check so many plans")
    parser.add_argument("--problems", type=int, default=6, help="timed, of each sort")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    if asked.cases:
        optima(range(asked.first, asked.first + asked.cases), asked.seed)
    if asked.promises:
        promises(range(asked.first, asked.first + asked.promises), asked.seed)
    if not asked.cases and not asked.promises:
        times(asked.problems, asked.seed)
        more_times(asked.problems, asked.seed)


def optima(cases: range, seed: int) -> None:
    counts = {"all sets": 0, "CP-SAT": 0, "HiGHS": 0}
    refused = unproven = 0
    missing: list[str] = []
    for case in cases:
        if case % 1_000 == 0:
            print(f"from case {case:,}", flush=True)
        problem = random_case(np.random.default_rng([seed, case]))
        plan = planned(problem)
        refused += plan is None
        if plan is not None and not plan.optimal:
            unproven += 1
            within = plan
            plan = solve(problem, step_limit=LONG)
            if plan.value > within.value + within.gap + 1e-9:
                raise SystemExit(f"case {case}: the gap was too small: {problem}")
        by = "all sets" if problem.n_items <= 8 else "CP-SAT"
        theirs = (oracles.by_enumeration if by == "all sets" else oracles.by_cp_sat)(problem)
        counts[by] += 1
        ours = None if plan is None else oracles.value_of(problem, tuple(plan.items.tolist()))
        if plan is not None and theirs is not None and not plan.optimal:
            missing.append(f"{case} ({'the same' if ours == theirs else 'less'})")
            if not plan.value <= theirs[0] / 1e9 + 1e-9 <= plan.value + plan.gap + 2e-9:
                raise SystemExit(f"case {case}: the gap does not hold: {problem}")
            continue
        if ours != theirs:
            raise SystemExit(
                f"case {case} of seed {seed}: {ours} here, {theirs} by {by}: {problem}"
            )
        if plan is not None and problem.days is None and case % 4 == 0:
            counts["HiGHS"] += 1
            value = oracles.by_highs(problem)
            if value is None or abs(value - plan.value) > 1e-6 * max(1.0, abs(value)):
                raise SystemExit(f"case {case}: {plan.value} here, {value} by HiGHS: {problem}")
    checked = ", ".join(f"{count:,} by {by}" for by, count in counts.items())
    print(f"{len(cases):,} cases, all equal ({checked}); {refused:,} refused by both")
    print(f"{unproven:,} were not proven within {STEP_LIMIT:,} steps, their gap held")
    print(f"not within {LONG:,} steps either: {', '.join(missing) or 'none'}")


def promises(cases: range, seed: int) -> None:
    plans = refused = 0
    for case in cases:
        problem = random_case(np.random.default_rng([seed, 1, case]), largest=60)
        plan = planned(problem)
        if plan is None:
            refused += 1
            continue
        found = [plan]
        if case % 10 == 0:
            found += [one.plan for one in alternatives(problem)]
        again = planned(problem)
        wrong = [promise for one in found for promise in broken(problem, one)]
        if wrong or again is None or not same(plan, again):
            raise SystemExit(
                f"case {case} of seed {seed}: {wrong or 'not the same twice'}: {problem}"
            )
        plans += len(found)
    print(f"{len(cases):,} cases without a breach: {plans:,} plans, {refused:,} refused")


def times(problems: int, seed: int) -> None:
    rows: list[tuple[Any, ...]] = []
    here: list[float] = []
    there: list[float] = []
    for kind in KINDS:
        for step in STEPS:
            rng = np.random.default_rng(seed)
            some = [
                plain_case(rng, kind, balance_rp=balance_rp, step=step)
                for balance_rp in BALANCES
                for _ in range(problems)
            ]
            figures, alone, theirs = compared(some)
            rows.append((f"{kind}, Rp{step:,}", *figures))
            here += alone
            there += theirs
    print_table(
        "at most 8 of 200 courses, exact; milliseconds, median / worst",
        (
            "relevance, price step",
            "solve",
            "construct and solve",
            "proven",
            "OR-tools knapsack",
            "proven",
            "CP-SAT",
            "times",
        ),
        rows,
    )
    print(f"all together: {shown(here)} here, {shown(there)} by OR-tools, {ratios(here, there)}")
    print(
        f"OR-tools' knapsack stops after {PEER_LIMIT_S:g} s of the clock; ratios are solve to solve"
    )


def compared(some: list[PlanProblem]) -> tuple[tuple[str, ...], list[float], list[float]]:
    """A line of the table, and the seconds of each problem here and by OR-tools."""
    plans = [solve(problem) for problem in some]
    alone = [seconds(solve, problem) for problem in some]
    both = [seconds(lambda one: solve(copied(one)), problem) for problem in some]
    peers = [Knapsack(problem) for problem in some]
    theirs = [
        seconds(lambda _, peer=peer: peer.run(), problem)
        for peer, problem in zip(peers, some, strict=True)
    ]
    cp_sat = [seconds(oracles.by_cp_sat, problem) for problem in some[::3]]
    for problem, plan, peer in zip(some, plans, peers, strict=True):
        if plan.optimal and peer.proven and peer.value != value_units(problem, plan):
            raise SystemExit(f"the optima differ: {problem}")
    line = (
        shown(alone),
        shown(both),
        f"{sum(plan.optimal for plan in plans)}/{len(plans)}",
        shown(theirs),
        f"{sum(peer.proven for peer in peers)}/{len(peers)}",
        shown(cp_sat),
        ratios(alone, theirs),
    )
    return line, alone, theirs


def ratios(here: list[float], there: list[float]) -> str:
    median = statistics.median(there) / statistics.median(here)
    return f"{median:,.0f} / {max(there) / max(here):,.0f}"


class Knapsack:
    """OR-tools' branch and bound for several dimensions, its lists made beforehand."""

    def __init__(self, problem: PlanProblem) -> None:
        weights = declared_weights(problem)
        gains = weights.relevance * problem.relevance_units + weights.price * problem.price_rp
        self.gains = gains.tolist()
        self.costs = [problem.price_rp.tolist(), [1] * problem.n_items]
        self.limits = [problem.balance_rp, problem.max_courses]
        self.value = 0
        self.proven = False

    def run(self) -> None:
        """From the lists to the answer."""
        solver = knapsack.KnapsackSolver(
            knapsack.SolverType.KNAPSACK_MULTIDIMENSION_BRANCH_AND_BOUND_SOLVER, "peer"
        )
        solver.set_time_limit(PEER_LIMIT_S)
        solver.init(self.gains, self.costs, self.limits)
        self.value = solver.solve()
        self.proven = solver.is_solution_optimal()


def more_times(problems: int, seed: int) -> None:
    rows = []
    for kind in ("independent", "weak", "levels"):
        for balance_rp in BALANCES:
            rng = np.random.default_rng(seed)
            some = [plain_case(rng, kind, balance_rp=balance_rp) for _ in range(problems)]
            plans = [alternatives(problem) for problem in some]
            several = [seconds(alternatives, problem) for problem in some]
            ahead = [seconds(what_is_left, problem) for problem in some]
            count = statistics.mean(len(found) for found in plans)
            rows.append((kind, f"{balance_rp:,}", f"{count:.1f}", shown(several), shown(ahead)))
    print_table(
        "200 candidates, prices in steps of Rp1,000; milliseconds, median / worst",
        ("relevance", "balance", "plans", "all alternatives", "look-ahead of all"),
        rows,
    )


def planned(problem: PlanProblem) -> Plan | None:
    try:
        return solve(problem)
    except PlanRefusedError:
        return None


def copied(problem: PlanProblem) -> PlanProblem:
    return PlanProblem(
        problem.price_rp,
        problem.relevance,
        problem.balance_rp,
        problem.max_courses,
        leftover_price=problem.leftover_price,
    )


def value_units(problem: PlanProblem, plan: Plan) -> int:
    weights = declared_weights(problem)
    units = int(problem.relevance_units[plan.items].sum())
    return weights.relevance * units + weights.price * plan.total_rp


def seconds(task: Callable[[PlanProblem], object], problem: PlanProblem) -> float:
    first = elapsed(task, problem, 1)
    if first > SHORT_S:
        return first
    repeats = 1 + int(BATCH_S / max(first, 1e-6))
    return min(elapsed(task, problem, repeats) for _ in range(3))


def elapsed(task: Callable[[PlanProblem], object], problem: PlanProblem, repeats: int) -> float:
    begun = time.thread_time()
    for _ in range(repeats):
        task(problem)
    return (time.thread_time() - begun) / repeats


def shown(taken: list[float]) -> str:
    return f"{statistics.median(taken) * 1e3:.3f} / {max(taken) * 1e3:.3f}"


if __name__ == "__main__":
    main()
