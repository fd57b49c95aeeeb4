"""Plans as people and machines read them: the same by command line and HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any, TypedDict

import numpy as np
from saldopas.features.tables import columns as c
from saldopas.models.planner.ahead import what_is_left
from saldopas.models.planner.frontier import Alternative, alternatives
from saldopas.models.planner.planning import Planning, PlanTask

URGENT_DAYS = 7
ANSWER_STEPS = 300_000
MOST_ALTERNATIVES = 3
MONTHS = ("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September",
          "Oktober", "November", "Desember")  # fmt: skip
KINDS = {
    "first_purchase": ("pembelian pertama", "the first purchase"),
    "next_purchase": ("pembelian berikutnya", "the next purchase"),
    "last_spending_day": ("memakai saldo", "spending the balance"),
}
REASONS = {
    "too_late": (
        "Batas waktunya sudah lewat, jadi tidak ada yang bisa dibeli",
        "The deadline has passed: nothing may be bought",
    ),
    "nothing_fits": (
        "Tidak ada pelatihan yang pas dengan saldo dan waktumu",
        "No course fits the balance and the days",
    ),
}


class Told(TypedDict):
    """A word for machines and a sentence in both languages."""

    code: str
    text: str
    text_en: str


class PlanDeadline(TypedDict):
    """The last day to buy, inclusive; `days_left` counts today.

    `estimated`: it is counted from a guess of when a training will be rated.
    """

    kind: str
    day: str
    days_left: int
    urgent: bool
    estimated: bool
    text: str
    text_en: str


class PlannedCourse(TypedDict):
    """One course of a plan in its order; money in whole units, days are ISO dates or None."""

    course_id: str
    title: str | None
    category: str | None
    price: int
    relevance: float
    balance_after: int
    buy: str | None
    start: str | None
    finish: str | None


class PlanAnswer(TypedDict):
    """One alternative."""

    keys: list[str]
    name: str
    name_en: str
    courses: list[PlannedCourse]
    total: int
    leftover: int
    relevance: float
    value: float
    optimal: bool
    gap: float
    gap_money: int
    on_frontier: bool


class AheadCourse(TypedDict):
    """A single course and the best plan that begins with it."""

    course_id: str
    title: str | None
    price: int
    relevance: float
    balance_after: int
    strands: bool
    plan_value: float
    plan_leftover: int
    next_course_id: str | None


class PlansAnswer(TypedDict):
    """What `/plan` and `saldopas plan` say of one participant."""

    calibrated: bool
    candidates: int
    deadline: PlanDeadline | None
    alternatives: list[PlanAnswer]
    reason: Told | None


def plans_answer(
    planning: Planning, asked: PlanTask, *, step_limit: int = ANSWER_STEPS
) -> PlansAnswer:
    """The alternatives, or why there is none; `step_limit` is of each search.

    Raises:
        PlanRefusedError: what must be in cannot be.
    """
    found = [
        one
        for one in alternatives(asked.problem, most=MOST_ALTERNATIVES, step_limit=step_limit)
        if len(one.plan.items)
    ]
    late = asked.days_left is not None and asked.days_left <= 0
    return PlansAnswer(
        calibrated=planning.calibration is not None,
        candidates=len(asked.item_idx),
        deadline=_deadline(asked),
        alternatives=[_plan(planning, asked, one) for one in found],
        reason=None if found else _told("too_late" if late else "nothing_fits"),
    )


def looked_ahead(
    planning: Planning, asked: PlanTask, *, n: int, by_plan: bool
) -> list[AheadCourse]:
    """The first n candidates that may be bought first, by the value of their plan or by relevance.

    Raises:
        PlanRefusedError: what must be in cannot be.
    """
    ahead = what_is_left(asked.problem)
    courses = planning.policy.courses
    relevance = asked.problem.relevance
    order = np.lexsort(
        (-relevance, -ahead.value if by_plan else -relevance)
    )  # a plan's courses tie
    titles = courses.texts(c.TITLE)
    ids = courses.course_ids
    told: list[AheadCourse] = []
    for place in order[ahead.possible[order]][:n].tolist():
        item, following = int(asked.item_idx[place]), int(ahead.next_item[place])
        told.append(
            AheadCourse(
                course_id=str(ids[item]),
                title=titles[item],
                price=int(courses.price_rp[item]),
                relevance=_short(asked.problem.relevance[place]),
                balance_after=int(ahead.leftover_rp[place]),
                strands=bool(ahead.strands[place]),
                plan_value=_short(ahead.value[place]),
                plan_leftover=int(ahead.plan_leftover_rp[place]),
                next_course_id=None if following < 0 else str(ids[asked.item_idx[following]]),
            )
        )
    return told


def day_in_words(day: date) -> str:
    """28 Februari 2024."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _plan(planning: Planning, asked: PlanTask, one: Alternative) -> PlanAnswer:
    plan, courses = one.plan, planning.policy.courses
    titles, categories = courses.texts(c.TITLE), courses.texts(c.CATEGORY)
    left = asked.problem.balance_rp
    told: list[PlannedCourse] = []
    for place, candidate in enumerate(plan.items.tolist()):
        item = int(asked.item_idx[candidate])
        price = int(courses.price_rp[item])
        left -= price
        told.append(
            PlannedCourse(
                course_id=str(courses.course_ids[item]),
                title=titles[item],
                category=categories[item],
                price=price,
                relevance=_short(asked.problem.relevance[candidate]),
                balance_after=left,
                buy=None if plan.days is None else _iso(plan.days.buy[place]),
                start=None if plan.days is None else _iso(plan.days.start[place]),
                finish=None if plan.days is None else _iso(plan.days.finish[place]),
            )
        )
    return PlanAnswer(
        keys=list(one.keys),
        name=one.name,
        name_en=one.name_en,
        courses=told,
        total=plan.total_rp,
        leftover=plan.leftover_rp,
        relevance=_short(plan.relevance),
        value=_short(plan.value),
        optimal=plan.optimal and one.gap_rp == 0,
        gap=0.0 if one.keys == ("least_left",) and one.gap_rp else _short(plan.gap),
        gap_money=one.gap_rp,
        on_frontier=one.on_frontier,
    )


def _deadline(asked: PlanTask) -> PlanDeadline | None:
    if asked.deadline is None or asked.days_left is None:
        return None
    kind, day, estimated = asked.deadline
    words, words_en = KINDS[kind]
    about, about_en = (
        ("Perkiraan batas", "Estimated last day") if estimated else ("Batas", "Last day")
    )
    return PlanDeadline(
        kind=kind,
        day=day.isoformat(),
        days_left=max(asked.days_left, 0),
        urgent=asked.days_left <= URGENT_DAYS,
        estimated=estimated,
        text=f"{about} {words}: {day_in_words(day)} pukul 23.59",
        text_en=f"{about_en} for {words_en}: {day.isoformat()}, until 23:59",
    )


def _told(code: str) -> Told:
    text, text_en = REASONS[code]
    return Told(code=code, text=text, text_en=text_en)


def _short(value: Any) -> float:
    """Nine decimals, which is how relevance is counted."""
    return round(float(value), 9)


def _iso(ordinal: Any) -> str:
    return date.fromordinal(int(ordinal)).isoformat()
