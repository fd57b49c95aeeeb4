"""From a request to a plan problem: allowed courses, their probabilities, money and days."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from saldopas.features.requests.batch import RequestBatch
from saldopas.features.tables.dataset_config import DatasetConfig
from saldopas.models.planner.courses import PlanConfig, PlanCourses
from saldopas.models.planner.days import (
    NEVER,
    CourseDays,
    Window,
    last_sale_days,
    window_of,
)
from saldopas.models.planner.problem import PlanProblem, PlanRefusedError, pairs_within
from saldopas.models.policy.calibration import Calibration, ranked_pairs
from saldopas.models.policy.policy import Policy

MOST_BALANCE = 10**8  # with at most 10 courses exact in whole numbers, see `PlanProblem`
MOST_COURSES = 10
DeadlineKind = Literal["first_purchase", "next_purchase", "last_spending_day"]


class Deadline(NamedTuple):
    """The last day to buy; `estimated`: counted from a guess of when a training will be rated."""

    kind: DeadlineKind
    day: date
    estimated: bool = False


@dataclass(frozen=True)
class PlanWish:
    """What is asked of a plan.

    Attributes:
        balance_rp: to be spent, at most `MOST_BALANCE`.
        max_courses: at most `MOST_COURSES`.
        must_include: item indices that must be in.
        max_per_category: None for no limit.
        finish_by: own last day, or None.
        announced: day of the announcement, None where it is not known or something was bought.
        last_rated: day of the last rating, None where it is not known or there is none.
        last_bought: day and item index of the newest purchase that was kept, None where there is
            none or it is not known; one after the moment of the request is not looked at.
    """

    balance_rp: int
    max_courses: int = 8
    must_include: tuple[int, ...] = ()
    max_per_category: int | None = None
    finish_by: date | None = None
    announced: date | None = None
    last_rated: date | None = None
    last_bought: tuple[date, int] | None = None


@dataclass(frozen=True)
class PlanTask:
    """A problem over the candidates of one request.

    Attributes:
        problem: its positions are places in `item_idx`.
        item_idx: (n,) int64 ascending.
        window: the days; `deadline` says which rule `window` ends by.
        today: ordinal.
    """

    problem: PlanProblem
    item_idx: NDArray[np.int64]
    window: Window
    deadline: Deadline | None
    today: int

    @property
    def days_left(self) -> int | None:
        """Days on which may still be bought, today counted; 0 or less: it is too late."""
        return None if self.deadline is None else self.deadline.day.toordinal() - self.today + 1


@dataclass(frozen=True)
class Planning:
    """Plans over one artifact; `calibration` None: relevance is a share of the scores."""

    policy: Policy
    calibration: Calibration | None
    dataset: DatasetConfig
    config: PlanConfig = field(default_factory=PlanConfig)

    @cached_property
    def courses(self) -> PlanCourses:
        """Days, categories and near-duplicates."""
        return PlanCourses.of(self.policy.courses, self.dataset.rules, self.config)

    @cached_property
    def zone(self) -> ZoneInfo:
        """Days are counted in it."""
        return ZoneInfo(self.dataset.timezone)

    def day_of(self, at_s: int) -> date:
        """The day of a moment, in the dataset's time zone."""
        return datetime.fromtimestamp(at_s, self.zone).date()

    def relevance(self, requests: RequestBatch, allowed: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(B, n_items) probability that a course is the next purchase; 0 where not allowed."""
        if self.calibration is not None:
            return self.calibration.probabilities(self.policy, requests, allowed)
        scores = np.maximum(ranked_pairs(self.policy, requests, allowed)[0], 0).astype(np.float64)
        total = scores.sum(axis=1, keepdims=True)
        shares: NDArray[np.float64] = scores / np.where(total > 0, total, 1.0)
        return shares

    def asked(self, request: RequestBatch, wish: PlanWish) -> PlanTask:
        """The problem of a batch of one.

        Raises:
            PlanRefusedError: a course that must be in may not be bought.
        """
        allowed = self.policy.allowed(request).allowed
        relevance = self.relevance(request, allowed)
        return self.problem(allowed[0], relevance[0], wish, as_of_s=int(request.as_of_s[0]))

    def problem(
        self,
        allowed: NDArray[np.bool_],
        relevance: NDArray[np.float64],
        wish: PlanWish,
        *,
        as_of_s: int,
    ) -> PlanTask:
        """The same of (n_items,) what is allowed and how probable it is."""
        for item in wish.must_include:
            if not allowed[item]:
                raise PlanRefusedError(
                    "must_include_not_allowed",
                    f"{self.policy.courses.course_ids[item]} must be in, but may not be bought:"
                    " too dear, owned, closed, excluded or restricted",
                )
        items = self._candidates(allowed, relevance, wish)
        today = self.day_of(as_of_s)
        window, deadline = self.window(wish, today)
        courses = self.courses
        group = courses.title[items] if courses.has_repeated else courses.title[:0]
        repeated = len(np.unique(group[group >= 0])) < int((group >= 0).sum())
        problem = PlanProblem(
            price_rp=self.policy.courses.price_rp[items],
            relevance=relevance[items],
            balance_rp=wish.balance_rp,
            max_courses=wish.max_courses,
            leftover_price=self.config.leftover_weight / max(wish.balance_rp, 1),
            category=courses.category[items] if wish.max_per_category is not None else None,
            max_per_category=wish.max_per_category,
            near_duplicates=pairs_within(group) if repeated else None,
            must_include=tuple(np.searchsorted(items, wish.must_include).tolist()),
            days=self._days(items, window, as_of_s),
        )
        return PlanTask(problem, items, window, deadline, today.toordinal())

    def window(self, wish: PlanWish, today: date) -> tuple[Window, Deadline | None]:
        """The days of a participant, and the rule that ends them first.

        When a running training is rated is estimated from its course; an estimate postpones the
        next purchase, but never forfeits anything: a deadline counted from it that has passed is
        taken as not known.
        """
        rules, own = self.dataset.rules, self.config
        last = None if self.dataset.dates_are_order_only else wish.last_bought
        rated, estimated = wish.last_rated, False
        if rated is None and last is not None and last[0] <= today:
            rated, estimated = last[0] + timedelta(days=self._until_rated(last[1])), True
            limit = rules.next_purchase_days
            if limit is not None and rated + timedelta(days=limit - 1) < today:
                rated, rules = None, rules.model_copy(update={"first_purchase_days": None})
        window = window_of(
            rules,
            today=today,
            announced=wish.announced,
            last_rated=rated,
            finish_by=wish.finish_by,
            rating_days=own.rating_days,
            pause_days=own.pause_days,
        )
        ends = min(window.first_by, window.last_purchase_day)
        if ends == NEVER:
            return window, None
        kind: DeadlineKind = "last_spending_day"
        if window.first_by == ends:
            kind = "first_purchase" if rated is None else "next_purchase"
        return window, Deadline(kind, date.fromordinal(ends), estimated and kind == "next_purchase")

    def _until_rated(self, item: int) -> int:
        """Days from the purchase of a course to its rating."""
        return self.courses.taken(item) + self.config.rating_days

    def _candidates(
        self, allowed: NDArray[np.bool_], relevance: NDArray[np.float64], wish: PlanWish
    ) -> NDArray[np.int64]:
        """The most relevant allowed courses (ties: course order) and what must be in, ascending."""
        items = np.flatnonzero(allowed)
        if len(items) > self.config.candidates:
            most, worth = self.config.candidates, -relevance[items]
            within = np.flatnonzero(worth <= np.partition(worth, most - 1)[most - 1])
            best = within[np.argsort(worth[within], kind="stable")[:most]]  # ties: course order
            items = np.sort(items[best])
            if wish.must_include:
                items = np.union1d(items, np.array(wish.must_include, np.int64))
        return items.astype(np.int64)

    def _days(self, items: NDArray[np.int64], window: Window, as_of_s: int) -> CourseDays | None:
        """None where neither the catalogue nor a rule says anything of days."""
        courses = self.courses
        ruled = (window.first_by, window.last_purchase_day, window.finish_by) != (NEVER,) * 3
        if not (courses.has_days or ruled):
            return None
        until = self.policy.courses.on_sale_until_s[items]
        return CourseDays(
            lead=courses.lead[items],
            duration=courses.duration[items],
            last_sale_day=last_sale_days(until, as_of_s=as_of_s, zone=self.zone),
            window=window,
        )
