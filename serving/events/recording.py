"""Events into the store: all of a request in one transaction, each judged by the scheme's rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset_config import DatasetConfig
from saldopas.store.engine import lock_writing
from saldopas.store.event_rules import Refused, buy, cancel, finish
from saldopas.store.participants import (
    MOST_AT_ONCE,
    Bought,
    Participant,
    bought_row,
    erased_of,
    person_row,
    read_participants,
)
from saldopas.store.schema import COURSES, EVENTS, PARTICIPANTS, PURCHASES
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError, OperationalError

ATTEMPTS = 4  # another worker may have recorded the same event, or waits in a circle with us
TRYING_AGAIN = ("40001", "40P01", "23505")  # serialization, deadlock, unique
CHANGES = frozenset({"purchase", "cancel", "finish"})


@dataclass(frozen=True)
class Event:
    """A validated event; `content` is a hash of what was sent."""

    event_id: str
    kind: str
    participant_id: str
    course_id: str | None
    at: datetime
    content: str
    price_rp: int | None = None
    rating: float | None = None
    request_id: str | None = None
    starts_at: datetime | None = None


@dataclass(frozen=True)
class World:
    """What judging an event needs besides the store.

    Attributes:
        price_of: the served catalogue.
        seed_of: a participant as the served snapshot knows them, or None.
    """

    config: DatasetConfig
    price_of: Mapping[str, int]
    seed_of: Callable[[str], Participant | None]


@dataclass
class Outcome:
    """What became of the events of a request; `rejected` by place."""

    accepted: int = 0
    repeated: int = 0
    rejected: list[tuple[int, Refused]] = field(default_factory=list)


def record(
    engine: Engine, events: Sequence[Event], world: World, *, salt: bytes, now: datetime
) -> Outcome:
    """Judge and write; when this returns, what was accepted is on the disk.

    Raises:
        SQLAlchemyError: nothing was recorded.
    """
    for attempt in range(ATTEMPTS):
        try:
            with engine.begin() as connection:
                outcome = _Recording(connection, world, salt, now).all_of(events)
        except (IntegrityError, OperationalError) as error:
            state = getattr(error.orig, "sqlstate", None)
            if state not in TRYING_AGAIN or attempt == ATTEMPTS - 1:
                raise
        else:
            return outcome  # only after the commit
    raise AssertionError("unreachable")


class _Recording:
    """One transaction; holds the participants as they are after the events so far."""

    def __init__(self, connection: Connection, world: World, salt: bytes, now: datetime) -> None:
        self._connection = connection
        self._world = world
        self._salt = salt
        self._now = now
        self._stored: dict[str, Participant] = {}  # as they were
        self._people: dict[str, Participant] = {}  # as they are
        self._prices: dict[str, int] = {}

    def all_of(self, events: Sequence[Event]) -> Outcome:
        """Judge each in turn, then write."""
        lock_writing(self._connection)
        erased = erased_of(self._connection, {event.participant_id for event in events}, self._salt)
        changing = {one.participant_id for one in events if one.kind in CHANGES} - erased
        self._stored = read_participants(self._connection, changing, lock=True)
        self._people = dict(self._stored)
        self._prices = self._stored_prices(events)
        known = self._recorded(events)
        outcome, fresh = Outcome(), []
        for place, event in enumerate(events):
            earlier = known.get(event.event_id)
            if earlier == event.content and event.participant_id not in erased:
                outcome.repeated += 1
                continue
            refused = self._refusal(event, earlier, erased)
            if refused is not None:
                outcome.rejected.append((place, refused))
                continue
            known[event.event_id] = event.content
            fresh.append(event)
        outcome.accepted = len(fresh)
        self._write(fresh)
        return outcome

    def _recorded(self, events: Sequence[Event]) -> dict[str, str]:
        """Content by id of those that are in the store."""
        ids = sorted({event.event_id for event in events})
        found: dict[str, str] = {}
        for start in range(0, len(ids), MOST_AT_ONCE):
            part = ids[start : start + MOST_AT_ONCE]
            query = sa.select(EVENTS.c.event_id, EVENTS.c.content)
            rows = self._connection.execute(query.where(EVENTS.c.event_id.in_(part)))
            found |= {row.event_id: row.content for row in rows}
        return found

    def _stored_prices(self, events: Sequence[Event]) -> dict[str, int]:
        """Prices of courses that are in the store and not yet in the served catalogue."""
        ids = {event.course_id for event in events if event.course_id is not None}
        unknown = sorted(ids - self._world.price_of.keys())
        if not unknown:
            return {}
        query = sa.select(COURSES.c.course_id, COURSES.c.price)
        rows = self._connection.execute(query.where(COURSES.c.course_id.in_(unknown)))
        return {row.course_id: row.price for row in rows}

    def _refusal(self, event: Event, earlier: str | None, erased: set[str]) -> Refused | None:
        """Why the event is not recorded; else its participant is changed."""
        if event.participant_id in erased:
            return Refused("erased", "this participant was erased", c.PARTICIPANT_ID)
        if earlier is not None:
            return Refused("id_taken", "another event has this id", "event_id")
        price = self._price_of(event)
        if event.course_id is not None and price is None:
            return Refused("unknown_course", "there is no such course", c.COURSE_ID)
        if event.kind not in CHANGES:
            return None
        if event.price_rp is not None and event.price_rp != price:
            return Refused("price_differs", f"the course costs {price}", c.PRICE)
        changed = self._changed(event, price or 0)
        if isinstance(changed, Refused):
            return changed
        self._people[event.participant_id] = changed
        return None

    def _price_of(self, event: Event) -> int | None:
        if event.course_id is None:
            return None
        return self._world.price_of.get(event.course_id, self._prices.get(event.course_id))

    def _changed(self, event: Event, price_rp: int) -> Participant | Refused:
        person, course_id = self._person(event.participant_id), event.course_id or ""
        if event.kind == "purchase":
            bought = Bought(course_id, event.at, price_rp, c.ACTIVE, starts_at=event.starts_at)
            return buy(person, bought, self._world.config)
        if event.kind == "cancel":
            return cancel(person, course_id, event.at, self._world.config)
        return finish(person, course_id, event.at, event.rating)

    def _person(self, participant_id: str) -> Participant:
        """As they are by now; somebody new is as the snapshot knows them, or not known at all."""
        if participant_id not in self._people:
            seed = self._world.seed_of(participant_id) or Participant(participant_id)
            self._people[participant_id] = seed
        return self._people[participant_id]

    def _write(self, fresh: Sequence[Event]) -> None:
        changed = {event.participant_id for event in fresh if event.kind in CHANGES}
        people = [self._people[name] for name in sorted(changed)]
        new = [one for one in people if one.participant_id not in self._stored]
        self._insert(PARTICIPANTS, [person_row(one) for one in new])
        added, updated = [], []
        for person in people:
            before = self._stored.get(person.participant_id)
            known = {(one.course_id, one.at): one for one in before.purchases} if before else {}
            for one in person.purchases:
                earlier = known.get((one.course_id, one.at))
                if earlier is None:
                    added.append(bought_row(person.participant_id, one))
                elif earlier != one:
                    updated.append((person.participant_id, one))
        self._insert(PURCHASES, added)
        for participant_id, one in updated:
            self._update(participant_id, one)
        self._insert(EVENTS, [self._event_row(event) for event in fresh])

    def _insert(self, table: sa.Table, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(sa.insert(table), rows)

    def _update(self, participant_id: str, one: Bought) -> None:
        bought = PURCHASES.c
        self._connection.execute(
            sa.update(PURCHASES)
            .where(bought.participant_id == participant_id, bought.course_id == one.course_id)
            .where(bought.purchased_at == one.at)
            .values(status=one.status, rating=one.rating, ended_at=one.ended_at)
        )

    def _event_row(self, event: Event) -> dict[str, Any]:
        return {
            "event_id": event.event_id,
            "content": event.content,
            "kind": event.kind,
            c.PARTICIPANT_ID: event.participant_id,
            c.COURSE_ID: event.course_id,
            "at": event.at,
            "recorded_at": self._now,
            c.PRICE: event.price_rp,
            c.RATING: event.rating,
            "request_id": event.request_id,
        }
