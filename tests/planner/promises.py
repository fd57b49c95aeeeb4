"""What every plan must keep to, checked one by one without the planner's own code."""

from __future__ import annotations

from saldopas.models.planner.plan import Plan
from saldopas.models.planner.problem import PlanProblem

from tests.planner.oracles import order_in_time, set_allowed, value_of

BILLION = 1_000_000_000


def broken(problem: PlanProblem, plan: Plan) -> list[str]:
    """The promises that `plan` breaks, in words; empty where it keeps them all."""
    items = tuple(plan.items.tolist())
    kept = {
        "only candidates": all(0 <= i < problem.n_items for i in items),
        "no course twice": len(set(items)) == len(items),
        "the total is the sum of the prices": plan.total_rp
        == sum(int(problem.price_rp[i]) for i in items),
        "the leftover is the balance less the total": plan.leftover_rp
        == problem.balance_rp - plan.total_rp,
        "nothing is overspent": plan.leftover_rp >= 0,
        "at most max_courses": len(items) <= problem.max_courses,
        "what must be in is in": set(problem.must_include) <= set(items),
        "money is whole": type(plan.total_rp) is int and type(plan.leftover_rp) is int,
        "every rule of a set": set_allowed(problem, items),
        "the order can be kept": order_in_time(problem, items),
        "the days are those of the order": _days_follow(problem, plan),
        "the value is the objective's": round(plan.value * BILLION) == value_of(problem, items)[0],
        "a proof leaves no gap": (plan.gap == 0) == plan.optimal and plan.gap >= 0,
    }
    return [promise for promise, holds in kept.items() if not holds]


def same(one: Plan, other: Plan) -> bool:
    """Whether two answers are the same."""
    return one.items.tolist() == other.items.tolist() and (one.total_rp, one.value, one.gap) == (
        other.total_rp,
        other.value,
        other.gap,
    )


def _days_follow(problem: PlanProblem, plan: Plan) -> bool:
    if problem.days is None or plan.days is None:
        return problem.days is None and plan.days is None
    day = problem.days.window.first_day
    for place, i in enumerate(plan.items.tolist()):
        start = day + int(problem.days.lead[i])
        finish = start + max(int(problem.days.duration[i]), 1) - 1
        shown = (plan.days.buy[place], plan.days.start[place], plan.days.finish[place])
        if shown != (day, start, finish):
            return False
        day = finish + problem.days.window.rating_days + problem.days.window.pause_days
    return True
