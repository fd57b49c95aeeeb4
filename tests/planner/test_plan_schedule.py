"""Days: both schemes' deadlines, inclusive, and the order in which a plan can be kept."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from saldopas.features.scheme import SCHEMES
from saldopas.models.planner.days import (
    NEVER,
    CourseDays,
    Window,
    last_sale_days,
    window_of,
)
from saldopas.models.planner.plan import Plan, solve
from saldopas.models.planner.problem import PlanProblem

WIB = ZoneInfo("Asia/Jakarta")
NO_LEAD = np.zeros(3, np.int64)


def plan_of(days: CourseDays, relevance: list[float]) -> Plan:
    n = len(relevance)
    return solve(PlanProblem(np.full(n, 10), np.array(relevance), 100, n, days=days))


def test_first_purchase_of_2021_ends_on_the_30th_day_counting_the_announcement() -> None:
    announced = date(2021, 9, 22)
    window = window_of(SCHEMES["2021"], today=date(2021, 10, 21), announced=announced)
    assert window.first_by == date(2021, 10, 21).toordinal()
    assert window.last_purchase_day == date(2021, 12, 15).toordinal()
    assert window.is_open
    late = window_of(SCHEMES["2021"], today=date(2021, 10, 22), announced=announced)
    assert not late.is_open


def test_first_purchase_of_2023_ends_on_the_15th_day() -> None:
    window = window_of(SCHEMES["2023"], today=date(2024, 3, 1), announced=date(2024, 2, 28))
    assert window.first_by == date(2024, 3, 13).toordinal()


def test_next_purchase_of_2023_ends_on_the_15th_day_of_the_rating() -> None:
    window = window_of(
        SCHEMES["2023"],
        today=date(2024, 3, 2),
        announced=date(2024, 1, 1),
        last_rated=date(2024, 3, 1),
    )
    assert window.first_by == date(2024, 3, 15).toordinal()


def test_next_purchase_of_2021_has_no_limit_but_the_last_day() -> None:
    window = window_of(
        SCHEMES["2021"],
        today=date(2021, 12, 1),
        announced=date(2021, 1, 1),
        last_rated=date(2021, 2, 1),
    )
    assert window.first_by == NEVER


def test_nothing_is_bought_before_the_running_training_is_rated() -> None:
    window = window_of(
        SCHEMES["2023"],
        today=date(2024, 3, 2),
        announced=date(2024, 1, 1),
        last_rated=date(2024, 3, 9),
    )
    assert window.first_day == date(2024, 3, 9).toordinal()


def test_a_pause_that_forfeits_the_balance_is_refused() -> None:
    with pytest.raises(ValueError, match="forfeits"):
        window_of(SCHEMES["2023"], today=date(2024, 3, 1), announced=None, pause_days=15)


def test_nothing_is_planned_after_revocation() -> None:
    days = CourseDays(
        NO_LEAD, np.ones(3, np.int64), np.full(3, NEVER), Window(first_day=100, first_by=99)
    )
    assert plan_of(days, [0.5, 0.4, 0.3]).items.tolist() == []


def test_days_follow_lead_duration_and_rating() -> None:
    """Bought day 100, begins 103, lasts 2 days, rated 105; the next is bought that day."""
    days = CourseDays(
        np.array([3, 1, 1]), np.array([2, 1, 1]), np.full(3, NEVER), Window(first_day=100)
    )
    plan = plan_of(days, [0.5, 0.4, 0.3])
    assert plan.days is not None
    assert plan.days.buy.tolist() == [100, 105, 107]
    assert plan.days.start.tolist() == [103, 106, 108]
    assert plan.days.finish.tolist() == [104, 106, 108]


def test_a_course_that_closes_soon_comes_before_a_more_relevant_one() -> None:
    days = CourseDays(
        NO_LEAD, np.array([10, 2, 2]), np.array([NEVER, 100, 103]), Window(first_day=100)
    )
    assert plan_of(days, [0.9, 0.2, 0.1]).items.tolist() == [1, 2, 0]


def test_the_last_course_may_outlast_the_last_spending_day_but_not_the_own_limit() -> None:
    lasts = np.array([3, 30, 3])
    spend_by = Window(first_day=100, last_purchase_day=107)
    days = CourseDays(NO_LEAD, lasts, np.full(3, NEVER), spend_by)
    assert plan_of(days, [0.9, 0.8, 0.7]).items.tolist() == [0, 2, 1]
    finish = Window(first_day=100, finish_by=120)
    assert (
        plan_of(CourseDays(NO_LEAD, lasts, np.full(3, NEVER), finish), [0.9, 0.8, 0.7]).items[-1]
        == 2
    )


def test_the_last_sale_day_is_a_whole_day_or_today() -> None:
    def at(local: str) -> int:
        return int(datetime.fromisoformat(local).replace(tzinfo=WIB).timestamp())

    until = np.array(
        [
            at("2021-12-15T23:59:59"),  # all of the 15th
            at("2021-12-15"),  # the first moment of the 15th: the 14th is the last whole day
            at("2021-12-01T12:00"),  # closes at noon today
            np.iinfo(np.int64).max,
        ]
    )
    days = last_sale_days(until, as_of_s=at("2021-12-01T09:00"), zone=WIB)
    assert [date.fromordinal(day) for day in days[:3].tolist()] == [
        date(2021, 12, 15),
        date(2021, 12, 14),
        date(2021, 12, 1),
    ]
    assert days[3] >= date(9000, 1, 1).toordinal()
