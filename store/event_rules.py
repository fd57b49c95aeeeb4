"""Whether the scheme lets a participant buy or cancel, and until when (`docs/store.md`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset_config import DatasetConfig
from saldopas.store.participants import Bought, Participant


@dataclass(frozen=True)
class Refused:
    """Why an event is not recorded; `message` names no person and repeats nothing that was sent."""

    code: str
    message: str
    field: str | None = None


@dataclass(frozen=True)
class Deadlines:
    """Last days in the dataset's time zone, inclusive; None: there is none, or it is not known."""

    first_purchase: date | None
    next_purchase: date | None
    last_spending_day: date | None

    @property
    def buy_until(self) -> date | None:
        """The earliest of them."""
        days = (self.first_purchase, self.next_purchase, self.last_spending_day)
        return min((day for day in days if day is not None), default=None)


def left_rp(person: Participant, config: DatasetConfig) -> int | None:
    """What may still be spent, as `IndexedDataset.balance_rp`; None: no limit is known."""
    grant = config.rules.grant if person.grant_rp is None else person.grant_rp
    return None if grant is None else max(grant - person.spent_rp, 0)


def deadlines(person: Participant, config: DatasetConfig) -> Deadlines:
    """N inclusive days from a moment end on its day plus N - 1."""
    rules, zone = config.rules, ZoneInfo(config.timezone)
    kept = [one for one in person.purchases if one.kept]
    first = None
    if not kept and person.announced_at is not None and rules.first_purchase_days is not None:
        first = _day(person.announced_at, zone) + timedelta(days=rules.first_purchase_days - 1)
    following = None
    ends = [one.ended_at for one in kept if one.status == c.COMPLETED]
    known = [end for end in ends if end is not None]
    if ends and len(known) == len(ends) == len(kept) and rules.next_purchase_days is not None:
        following = _day(max(known), zone) + timedelta(days=rules.next_purchase_days - 1)
    return Deadlines(first, following, rules.last_spending_day)


def buy(
    person: Participant,
    bought: Bought,
    config: DatasetConfig,
) -> Participant | Refused:
    """The participant after the purchase, or why it cannot be."""
    earlier = person.of_course(bought.course_id)
    if earlier is not None:
        if earlier.kept:
            return Refused("already_bought", "this course was bought before", c.COURSE_ID)
        return Refused("cancelled_before", "a cancelled course cannot be bought again", c.COURSE_ID)
    if config.rules.one_at_a_time and any(_goes_on(one, bought.at) for one in person.purchases):
        waits = "the last training is not finished and rated yet"
        return Refused("previous_not_finished", waits, c.COURSE_ID)
    left = left_rp(person, config)
    if left is not None and bought.price_rp > left:
        above = bought.price_rp - left
        return Refused("above_balance", f"the price is {above} above what is left", c.PRICE)
    until = deadlines(person, config)
    today = _day(bought.at, ZoneInfo(config.timezone))
    for name, day in (
        ("first purchase", until.first_purchase),
        ("next purchase", until.next_purchase),
        ("spending", until.last_spending_day),
    ):
        if day is not None and today > day:
            return Refused("too_late", f"the last day for {name} was {day}", "at")
    return replace(person, purchases=_by_time((*person.purchases, bought)))


class CancelDays(NamedTuple):
    """Last days on which a purchase may be cancelled, in the dataset's time zone, inclusive."""

    after_purchase: date
    before_start: date | None

    @property
    def earliest(self) -> date:
        """The one that counts."""
        return min(day for day in self if day is not None)


def cancel_days(bought: Bought, config: DatasetConfig) -> CancelDays | None:
    """Of a purchase whose training goes on; None where the scheme lets nobody cancel."""
    rules, zone = config.rules, ZoneInfo(config.timezone)
    if not rules.may_cancel:
        return None
    after = _day(bought.at, zone) + timedelta(days=rules.cancel_days_after_purchase)
    before = None
    if bought.starts_at is not None:
        before = _day(bought.starts_at, zone) - timedelta(days=rules.cancel_days_before_start)
    return CancelDays(after, before)


def cancel(
    person: Participant, course_id: str, at: datetime, config: DatasetConfig
) -> Participant | Refused:
    """The participant after the cancellation, whose price is then left again."""
    found = person.of_course(course_id)
    if found is None:
        return Refused("not_bought", "this course was not bought", c.COURSE_ID)
    if found.status != c.ACTIVE:
        return Refused("not_active", f"this training is {found.status}", c.COURSE_ID)
    until = cancel_days(found, config)
    if until is None:
        return Refused("no_cancelling", "the scheme lets nobody cancel", "kind")
    if at < found.at:
        return Refused("out_of_order", "this is before the purchase", "at")
    rules, today = config.rules, _day(at, ZoneInfo(config.timezone))
    if today > until.after_purchase:
        days = rules.cancel_days_after_purchase
        return Refused("too_late", f"cancelling ends {days} days after the purchase", "at")
    if until.before_start is not None and today > until.before_start:
        days = rules.cancel_days_before_start
        return Refused("too_late", f"cancelling ends {days} days before the start", "at")
    return _changed(person, found, lambda one: one._replace(status=c.CANCELLED, ended_at=at))


def finish(
    person: Participant, course_id: str, at: datetime, rating: float | None
) -> Participant | Refused:
    """The participant after finishing the training; with its rating where one is given."""
    found = person.of_course(course_id)
    if found is None:
        return Refused("not_bought", "this course was not bought", c.COURSE_ID)
    if found.status != c.ACTIVE:
        return Refused("not_active", f"this training is {found.status}", c.COURSE_ID)
    if at < found.at:
        return Refused("out_of_order", "this is before the purchase", "at")
    done = c.COMPLETED
    return _changed(
        person, found, lambda one: one._replace(status=done, ended_at=at, rating=rating)
    )


def _goes_on(one: Bought, at: datetime) -> bool:
    """Whether the training was not over at that moment; how long a loaded one took is not known."""
    over = one.ended_at is None or one.ended_at <= at
    return one.kept and (one.status == c.ACTIVE or not over)


def _changed(person: Participant, found: Bought, change: Callable[[Bought], Bought]) -> Participant:
    changed = tuple(change(one) if one is found else one for one in person.purchases)
    return replace(person, purchases=changed)


def _by_time(purchases: tuple[Bought, ...]) -> tuple[Bought, ...]:
    return tuple(sorted(purchases, key=lambda one: one.at))


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()
