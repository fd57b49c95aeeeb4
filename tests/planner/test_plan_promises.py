"""Every plan keeps the planner's promises, whatever is asked."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from saldopas.models.planner.days import NEVER, CourseDays, Window
from saldopas.models.planner.frontier import alternatives
from saldopas.models.planner.plan import solve
from saldopas.models.planner.problem import PlanProblem, PlanRefusedError

from tests.planner.promises import broken, same


@st.composite
def problems(draw: st.DrawFn) -> PlanProblem:
    """Up to 12 candidates with any of the rules."""
    n = draw(st.integers(0, 12))

    def integers(low: int, high: int) -> np.ndarray:
        return np.array(draw(st.lists(st.integers(low, high), min_size=n, max_size=n)), np.int64)

    relevance = draw(st.lists(st.floats(0, 1), min_size=n, max_size=n))
    limited = draw(st.booleans())
    pair = st.tuples(st.integers(0, max(n - 1, 0)), st.integers(0, max(n - 1, 0)))
    pairs = [p for p in draw(st.lists(pair, max_size=8)) if p[0] != p[1]]
    return PlanProblem(
        price_rp=integers(0, 60),
        relevance=np.array(relevance, np.float64),
        balance_rp=draw(st.integers(0, 200)),
        max_courses=draw(st.integers(0, 8)),
        leftover_price=draw(st.sampled_from([0.0, 1e-9, 0.001, 0.1])),
        category=integers(0, 3) if limited else None,
        max_per_category=draw(st.integers(1, 3)) if limited else None,
        near_duplicates=np.array(pairs, np.int64).reshape(-1, 2),
        must_include=tuple(draw(st.sets(st.integers(0, n - 1), max_size=2))) if n else (),
        days=CourseDays(
            lead=integers(0, 3),
            duration=integers(0, 9),
            last_sale_day=integers(99, 120),
            window=Window(
                first_day=100,
                first_by=draw(st.sampled_from([99, 100, 114])),
                last_purchase_day=draw(st.sampled_from([NEVER, 104, 115])),
                finish_by=draw(st.sampled_from([NEVER, 110, 125])),
            ),
        )
        if draw(st.booleans())
        else None,
    )


@given(problems())
@settings(max_examples=500, deadline=None)
def test_a_plan_keeps_every_promise_or_is_refused(problem: PlanProblem) -> None:
    try:
        plan = solve(problem)
    except PlanRefusedError:
        assert problem.must_include
        return
    assert broken(problem, plan) == []
    assert same(plan, solve(problem))


@given(problems(), st.integers(1, 60))
@settings(max_examples=150, deadline=None)
def test_a_plan_that_was_stopped_keeps_them_too(problem: PlanProblem, step_limit: int) -> None:
    try:
        plan = solve(problem, step_limit=step_limit)
    except PlanRefusedError:
        return
    assert broken(problem, plan) == []


@given(problems())
@settings(max_examples=150, deadline=None)
def test_every_alternative_keeps_them(problem: PlanProblem) -> None:
    try:
        found = alternatives(problem)
    except PlanRefusedError:
        return
    assert 1 <= len(found) <= 5
    for one in found:
        kept = broken(problem, one.plan)
        assert kept == []
