"""Compiles, or reads from disk, all machine code of the planner before the first request."""

from __future__ import annotations

import numpy as np
from saldopas.models.native.compiled import let_bitcode_go
from saldopas.models.planner.plan_ahead import what_is_left
from saldopas.models.planner.plan_compiled import compiled
from saldopas.models.planner.plan_entries import plan_plain, plan_ruled
from saldopas.models.planner.plan_frontier import alternatives
from saldopas.models.planner.plan_problem import PlanProblem
from saldopas.models.planner.plan_schedule import CourseDays, Window
from saldopas.models.planner.planner import solve


def warm_up() -> None:
    """Plans a small case without rules and one with all of them; call it when a process starts.

    Takes about a minute where nothing was compiled before, else a second.
    """
    price = np.array([30, 50, 40, 60, 20], np.int64)
    relevance = np.array([0.1, 0.4, 0.2, 0.3, 0.1])
    plain = PlanProblem(price, relevance, balance_rp=100, max_courses=3)
    ruled = PlanProblem(
        price,
        relevance,
        balance_rp=100,
        max_courses=3,
        category=np.zeros(5, np.int64),
        max_per_category=2,
        near_duplicates=np.array([[0, 1]], np.int64),
        must_include=(0,),
        days=CourseDays(
            lead=np.ones(5, np.int64),
            duration=np.ones(5, np.int64),
            last_sale_day=np.full(5, 103, np.int64),
            window=Window(first_day=100),
        ),
    )
    for problem in (plain, ruled):
        solve(problem)
        alternatives(problem)
        what_is_left(problem)
    compiled.leave_mark()
    let_bitcode_go(plan_plain, plan_ruled)
