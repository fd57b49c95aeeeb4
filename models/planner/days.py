"""When the courses of a plan are bought, begun and finished, one by one, within the scheme.

A course is bought on a day, begins `lead` days later, takes `duration` days (inclusive), is rated
`rating_days` after its last day, and the next may be bought `pause_days` after that. Buying as
early as possible is best for every deadline, as no course opens later than the request. So a set
is a one-machine problem: course i keeps the machine for

    busy_i = lead_i + max(duration_i, 1) - 1 + rating_days + pause_days   days,

and must begin (be bought) by latest_i, the first of its last day on sale, the scheme's last
spending day, and the day from which it is still finished by `finish_by`. "Bought by latest_i" is
"off the machine by latest_i + busy_i", a due day; `PlanSolver.fits` decides such a set exactly.
The scheme's limit between a rating and the next purchase holds by itself, as `pause_days` is less.
Where the scheme lets trainings run beside one another, busy_i is 0: all may be bought at once.
All days are ordinals (`date.toordinal`) in the programme's time zone (WIB), counted inclusively.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from saldopas.features.scheme import Scheme
from saldopas.features.seconds import DAY_S

NEVER = date.max.toordinal()


@dataclass(frozen=True)
class Window:
    """The days within which one participant may buy; ordinals, inclusive.

    Attributes:
        first_day: the first day on which the next course may be bought.
        first_by: the last day for the first course of the plan.
        last_purchase_day: the last day to spend.
        finish_by: the day by which every course must be finished.
        rating_days: from the last day of a course to its rating.
        pause_days: from a rating to the next purchase.
        one_at_a_time: whether the next purchase waits for the rating at all.
    """

    first_day: int
    first_by: int = NEVER
    last_purchase_day: int = NEVER
    finish_by: int = NEVER
    rating_days: int = 1
    pause_days: int = 0
    one_at_a_time: bool = True

    def __post_init__(self) -> None:
        if self.rating_days < 0 or self.pause_days < 0:
            raise ValueError(
                f"rating_days={self.rating_days}, pause_days={self.pause_days}: give 0 or more"
            )

    @property
    def is_open(self) -> bool:
        """Whether a first course can still be bought at all."""
        return self.first_day <= min(self.first_by, self.last_purchase_day)


@dataclass(frozen=True)
class CourseDays:
    """Days of n candidates; arrays (n,) int64.

    Attributes:
        lead: days from purchase to start.
        duration: days from start to finish, inclusive; 0 counts as 1.
        last_sale_day: ordinal, `NEVER` where it stays on sale.
        window: of the participant.
    """

    lead: NDArray[np.int64]
    duration: NDArray[np.int64]
    last_sale_day: NDArray[np.int64]
    window: Window

    def taken(self) -> NDArray[np.int64]:
        """(n,) days from purchase to the last day of the course."""
        return self.lead + np.maximum(self.duration, 1) - 1

    def busy(self) -> NDArray[np.int64]:
        """(n,) days from purchase to the next possible purchase."""
        if not self.window.one_at_a_time:
            return np.zeros(len(self.lead), np.int64)
        return self.taken() + self.window.rating_days + self.window.pause_days

    def latest(self) -> NDArray[np.int64]:
        """(n,) ordinal of the last day on which each course may be bought."""
        window = self.window
        if not window.is_open:
            return np.full(len(self.lead), window.first_day - 1, np.int64)
        limit = np.minimum(self.last_sale_day, window.last_purchase_day)
        return np.minimum(limit, window.finish_by - self.taken())


@dataclass(frozen=True)
class PlanDays:
    """Ordinals of a plan's k courses in order; arrays (k,) int64, read with `date.fromordinal`."""

    buy: NDArray[np.int64]
    start: NDArray[np.int64]
    finish: NDArray[np.int64]


def days_of(items: NDArray[np.int64], days: CourseDays) -> PlanDays:
    """The days of courses taken in this order, each bought as early as possible."""
    busy = days.busy()[items]
    buy = days.window.first_day + np.cumsum(busy) - busy
    return PlanDays(buy=buy, start=buy + days.lead[items], finish=buy + days.taken()[items])


def window_of(
    scheme: Scheme,
    *,
    today: date,
    announced: date | None,
    last_rated: date | None = None,
    finish_by: date | None = None,
    rating_days: int = 1,
    pause_days: int = 0,
) -> Window:
    """The window of a participant under a scheme.

    Args:
        scheme: its deadlines; "N days" counts the day of the announcement or rating itself.
        today: of the request.
        announced: the day of the announcement, None where it is not known.
        last_rated: the day the last training was or will be rated; None before the first one.
        finish_by: an own limit.
        rating_days, pause_days: see `Window`.

    Raises:
        ValueError: a pause as long as the scheme's limit for the next purchase.
    """
    limit = scheme.next_purchase_days
    if limit is not None and pause_days >= limit:
        raise ValueError(
            f"pause_days={pause_days}: the scheme {scheme.name!r} forfeits the balance"
            f" {limit - 1} days after a rating; pause less"
        )
    begins = announced if last_rated is None else last_rated
    allowed = scheme.first_purchase_days if last_rated is None else limit
    first_by = NEVER if begins is None or allowed is None else begins.toordinal() + allowed - 1
    resumes = today
    if scheme.one_at_a_time and last_rated is not None:
        resumes = max(today, last_rated)
    return Window(
        first_day=resumes.toordinal(),
        first_by=first_by,
        last_purchase_day=_ordinal(scheme.last_spending_day),
        finish_by=_ordinal(finish_by),
        rating_days=rating_days,
        pause_days=pause_days,
        one_at_a_time=scheme.one_at_a_time,
    )


def last_sale_days(
    on_sale_until_s: NDArray[np.int64], *, as_of_s: int, zone: ZoneInfo
) -> NDArray[np.int64]:
    """(n,) ordinals of the last day on which each course is on sale to its end, or today.

    A course that closes at 00.00 of a day is not planned for that day. One that closes within
    the day of the request can still be bought today.

    Args:
        on_sale_until_s: (n,) epoch seconds, inclusive, of courses that are on sale now.
        as_of_s: the moment of the request.
        zone: of the dataset; its offset at the request is used for all days.
    """
    now = datetime.fromtimestamp(as_of_s, zone)
    offset = now.utcoffset()
    offset_s = 0 if offset is None else int(offset.total_seconds())
    epoch = date(1970, 1, 1).toordinal()
    until = np.minimum(on_sale_until_s, (NEVER - epoch) * DAY_S)
    last_full: NDArray[np.int64] = (until + 1 + offset_s) // DAY_S - 1 + epoch
    return np.maximum(last_full, now.date().toordinal()).astype(np.int64)


def _ordinal(day: date | None) -> int:
    return NEVER if day is None else day.toordinal()
