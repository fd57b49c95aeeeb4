"""Who loses what, and on which day, as far as the data tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.encoding.courses import epoch_seconds
from saldopas.features.encoding.indexed import IndexedDataset
from saldopas.features.seconds import DAY_S
from saldopas.features.tables import columns as c
from saldopas.models.planner.courses import PlanCourses
from saldopas.models.planner.days import NEVER

EPOCH = date(1970, 1, 1).toordinal()
NO_RISK, REVOCATION, FORFEIT = 0, 1, 2
NAMES = {REVOCATION: "revocation", FORFEIT: "forfeit"}


@dataclass(frozen=True)
class Risks:
    """P participants; arrays (P,), int64 unless said otherwise.

    Attributes:
        as_of_s: the moment.
        kind: int8, `REVOCATION` nothing was bought and the first purchase has a last day;
            `FORFEIT` something is left and there is a last day to spend it; else `NO_RISK`, as
            before the announcement.
        deadline: ordinal of that day, inclusive, `NEVER` where there is none.
        estimated: bool, the day is counted from an estimate of when a course was rated.
        resumes: ordinal of the first day on which the next course may be bought.
        amount_rp: what is left, which is what would be lost.
        seen: purchases before the moment, cancelled ones included.
        announced: ordinal, `NEVER` where it is not known.
        bought_on, bought_item: day and course of the newest purchase that was kept, -1 for none.
    """

    as_of_s: int
    kind: NDArray[np.int8]
    deadline: NDArray[np.int64]
    estimated: NDArray[np.bool_]
    resumes: NDArray[np.int64]
    amount_rp: NDArray[np.int64]
    seen: NDArray[np.int64]
    announced: NDArray[np.int64]
    bought_on: NDArray[np.int64]
    bought_item: NDArray[np.int64]

    def announced_on(self, row: int) -> date | None:
        """The day of the announcement of a participant."""
        day = int(self.announced[row])
        return None if day == NEVER else date.fromordinal(day)

    def last_bought(self, row: int) -> tuple[date, int] | None:
        """Day and course of a participant's newest purchase."""
        item = int(self.bought_item[row])
        return None if item < 0 else (date.fromordinal(int(self.bought_on[row])), item)

    def within(self, today: int, days: int) -> NDArray[np.bool_]:
        """(P,) at risk, with at most `days` days left to buy, today counted, and not too late."""
        left = self.deadline - today + 1
        near: NDArray[np.bool_] = (self.kind != NO_RISK) & (left >= 1) & (left <= days)
        return near


def risks_of(
    data: IndexedDataset, courses: PlanCourses, *, as_of_s: int, rating_days: int
) -> Risks:
    """Everybody's risk at a moment.

    Args:
        data: participants and purchases.
        courses: durations, for when a running course is rated: its purchase, lead and duration,
            and `rating_days`. The data has no such date.
        as_of_s: purchases from this moment on are not seen.
        rating_days: from the last day of a course to its rating.
    """
    rules, zone = data.config.rules, ZoneInfo(data.config.timezone)
    today = datetime.fromtimestamp(as_of_s, zone).date().toordinal()
    rows = np.arange(data.n_people)
    seen = data.seen_before(as_of_s)
    last = _last_kept(data, seen)
    bought = last >= 0
    item, day = np.zeros(data.n_people, np.int64), np.zeros(data.n_people, np.int64)
    item[bought] = data.events.item_idx[last[bought]]
    day[bought] = _ordinals(data.events.at_s[last[bought]], zone)
    taken = courses.lead[item] + np.maximum(courses.duration[item], 1) - 1
    rated = np.where(bought, day + taken + rating_days, 0)
    announced = _announced(data, zone)
    first_by = _plus(announced, rules.first_purchase_days)
    next_by = _plus(np.where(bought, rated, NEVER), rules.next_purchase_days)
    last_day = NEVER if rules.last_spending_day is None else rules.last_spending_day.toordinal()
    balance = data.balance_rp(rows, seen)
    begun = (announced <= today) | (announced == NEVER)  # nothing is at risk before it is given
    some_left = begun & data.has_grant & (balance > 0)
    revoked = begun & ~bought & (first_by < NEVER)
    deadline = np.where(revoked, first_by, np.minimum(np.where(bought, next_by, NEVER), last_day))
    forfeits = ~revoked & some_left & (deadline < NEVER)
    deadline = np.where(revoked, np.minimum(deadline, last_day), deadline)
    return Risks(
        as_of_s=as_of_s,
        kind=np.where(revoked, REVOCATION, np.where(forfeits, FORFEIT, NO_RISK)).astype(np.int8),
        deadline=np.where(revoked | forfeits, deadline, NEVER),
        estimated=forfeits & bought & (next_by <= last_day) & (next_by < NEVER),
        resumes=np.maximum(rated, today),
        amount_rp=np.where(data.has_grant, balance, 0),
        seen=seen,
        announced=announced,
        bought_on=np.where(bought, day, -1),
        bought_item=np.where(bought, item, -1),
    )


def _last_kept(data: IndexedDataset, seen: NDArray[np.int64]) -> NDArray[np.int64]:
    """(P,) place of each participant's newest purchase that was not cancelled, -1 for none."""
    place = np.arange(len(data.kept)) - data.events.indptr[data.events.rows]
    known = np.flatnonzero(data.kept & (place < seen[data.events.rows]))
    last = np.full(data.n_people, -1, np.int64)
    last[data.events.rows[known]] = known  # of equal rows the last one stays
    return last


def _announced(data: IndexedDataset, zone: ZoneInfo) -> NDArray[np.int64]:
    if c.ANNOUNCED_AT not in data.people:
        return np.full(data.n_people, NEVER, np.int64)
    moments = data.people[c.ANNOUNCED_AT]
    known = moments.notna().to_numpy()
    filled = moments.fillna(pd.Timestamp(0, tz="UTC"))
    return np.where(known, _ordinals(epoch_seconds(filled), zone), NEVER)


def _ordinals(at_s: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int64]:
    """Local days of epoch seconds; the zone's offset is looked up once for each distinct day."""
    days, place = np.unique(at_s // DAY_S, return_inverse=True)
    offsets = np.array(
        [_offset_s(int(one) * DAY_S, zone) for one in days.tolist()] or [0], np.int64
    )
    found: NDArray[np.int64] = (at_s + offsets[place]) // DAY_S + EPOCH
    return found


def _offset_s(at_s: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(at_s, zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _plus(day: NDArray[np.int64], days: int | None) -> NDArray[np.int64]:
    """The last of `days` inclusive days that begin on `day`."""
    if days is None:
        return np.full(len(day), NEVER, np.int64)
    return np.where(day < NEVER, day + days - 1, NEVER)
