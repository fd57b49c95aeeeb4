"""What the store knows of a participant, read in one round trip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from saldopas.features.tables import columns as c
from saldopas.store.engine import existing_store, for_reading, hash_of, is_sqlite, read_salt
from saldopas.store.schema import ERASED, PARTICIPANTS, PURCHASES, as_moment
from sqlalchemy.engine import Connection

MOST_AT_ONCE = 500
ERASED_HASHES = "SELECT hash FROM erased WHERE hash"


class Bought(NamedTuple):
    """One purchase; `ended_at` is when it was finished or cancelled."""

    course_id: str
    at: datetime
    price_rp: int
    status: str
    rating: float | None = None
    starts_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def kept(self) -> bool:
        """Whether it was not cancelled."""
        return self.status != c.CANCELLED


@dataclass(frozen=True)
class Participant:
    """A participant of the store; `purchases` are oldest first.

    Attributes:
        profile_json: a JSON object of profile columns.
        grant_rp: the balance at announcement; None: the scheme's.
    """

    participant_id: str
    profile_json: str = "{}"
    announced_at: datetime | None = None
    grant_rp: int | None = None
    opted_out: bool = False
    purchases: tuple[Bought, ...] = ()

    @cached_property
    def profile(self) -> Mapping[str, Any]:
        """Profile columns; not to be changed."""
        value: dict[str, Any] = orjson.loads(self.profile_json)
        return value

    @cached_property
    def spent_rp(self) -> int:
        """What was paid for purchases that were not cancelled."""
        return sum(one.price_rp for one in self.purchases if one.kept)

    def of_course(self, course_id: str) -> Bought | None:
        """The newest purchase of a course, cancelled or not."""
        of_it = [one for one in self.purchases if one.course_id == course_id]
        return of_it[-1] if of_it else None


@dataclass(frozen=True)
class Found:
    """What a look-up says: a participant, nobody (the default), or one of two exceptions.

    Attributes:
        participant: as the store has them.
        erased: they are to be forgotten, whatever a snapshot says.
        down: the store did not answer in time.
    """

    participant: Participant | None = None
    erased: bool = False
    down: bool = False


NOBODY = Found()


def lookup_query() -> sa.Select[Any]:
    """One row a purchase (or one row) of the participant `:id`, whose hash is `:hash`."""
    people, bought = PARTICIPANTS.c, PURCHASES.c
    one = sa.select(sa.literal(1).label("one")).subquery()
    joined = (
        one.outerjoin(ERASED, ERASED.c.hash == sa.bindparam("hash", type_=sa.String))
        .outerjoin(PARTICIPANTS, people.participant_id == sa.bindparam("id", type_=sa.String))
        .outerjoin(PURCHASES, bought.participant_id == people.participant_id)
    )
    return (
        sa.select(
            ERASED.c.hash,
            people.participant_id,
            people.profile,
            people.announced_at,
            people.balance,
            people.opted_out,
            bought.course_id,
            bought.purchased_at,
            bought.price_paid,
            bought.status,
            bought.rating,
            bought.starts_at,
            bought.ended_at,
        )
        .select_from(joined)
        .order_by(bought.purchased_at, bought.purchase_id)
    )


def found_in(rows: Sequence[Sequence[Any]]) -> Found:
    """What the rows of `lookup_query` say, as SQLAlchemy or as the driver gives them."""
    erased, participant_id, profile, announced_at, grant, opted_out = rows[0][:6]
    if erased is not None:
        return Found(erased=True)
    if participant_id is None:
        return Found()
    purchases = tuple(bought_of(row[6:]) for row in rows if row[6] is not None)
    return Found(
        Participant(
            participant_id, profile, as_moment(announced_at), grant, bool(opted_out), purchases
        )
    )


def bought_of(row: Sequence[Any]) -> Bought:
    """A purchase of its columns, in the order of `lookup_query`."""
    course_id, at, price, status, rating, starts_at, ended_at = row
    moment = as_moment(at)
    if moment is None:
        raise ValueError("a purchase has no moment")
    return Bought(
        course_id, moment, price, status, rating, as_moment(starts_at), as_moment(ended_at)
    )


def look_up(connection: Connection, ids: Sequence[str], salt: bytes) -> dict[str, Found]:
    """Many at once."""
    names = set(ids)
    erased = erased_of(connection, names, salt)
    known = read_participants(connection, names - erased)
    return {name: Found(known.get(name), erased=name in erased) for name in names}


def look_up_in(url: str, ids: Sequence[str]) -> list[Found] | None:
    """(B,) answers of a store that nothing holds open; None where there is no store yet.

    Raises:
        SQLAlchemyError: the store does not answer.
    """
    with existing_store(url) as engine:
        if engine is None:
            return None
        with for_reading(engine).connect() as connection:
            found = look_up(connection, ids, read_salt(connection))
    return [found[name] for name in ids]


def read_participants(
    connection: Connection, ids: Iterable[str], *, lock: bool = False
) -> dict[str, Participant]:
    """Those of `ids` that the store knows; with `lock` nobody else changes them meanwhile."""
    known: dict[str, Participant] = {}
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), MOST_AT_ONCE):
        known |= _block(connection, wanted[start : start + MOST_AT_ONCE], lock=lock)
    return known


def _block(connection: Connection, ids: list[str], *, lock: bool) -> dict[str, Participant]:
    people, bought = PARTICIPANTS.c, PURCHASES.c
    query = (
        sa.select(PARTICIPANTS)
        .where(people.participant_id.in_(ids))
        .order_by(people.participant_id)  # one order of locks, so that nobody waits in a circle
    )
    rows = connection.execute(query.with_for_update() if lock else query).all()
    purchases: dict[str, list[Bought]] = {}
    found = connection.execute(
        sa.select(
            bought.participant_id,
            bought.course_id,
            bought.purchased_at,
            bought.price_paid,
            bought.status,
            bought.rating,
            bought.starts_at,
            bought.ended_at,
        )
        .where(bought.participant_id.in_(ids))
        .order_by(bought.purchased_at, bought.purchase_id)
    )
    for participant_id, *row in found:
        purchases.setdefault(participant_id, []).append(bought_of(row))
    return {
        row.participant_id: Participant(
            row.participant_id,
            row.profile,
            row.announced_at,
            row.balance,
            row.opted_out,
            tuple(purchases.get(row.participant_id, ())),
        )
        for row in rows
    }


def person_row(person: Participant) -> dict[str, Any]:
    """A row of `participants`."""
    return {
        c.PARTICIPANT_ID: person.participant_id,
        "profile": person.profile_json,
        c.ANNOUNCED_AT: person.announced_at,
        c.BALANCE: person.grant_rp,
        c.OPTED_OUT: person.opted_out,
    }


def bought_row(participant_id: str, one: Bought) -> dict[str, Any]:
    """A row of `purchases`."""
    return {
        c.PARTICIPANT_ID: participant_id,
        c.COURSE_ID: one.course_id,
        c.PURCHASED_AT: one.at,
        c.PRICE_PAID: one.price_rp,
        c.STATUS: one.status,
        c.RATING: one.rating,
        "starts_at": one.starts_at,
        "ended_at": one.ended_at,
    }


def erased_of(connection: Connection, names: Iterable[str], salt: bytes) -> set[str]:
    """Those of the participants who were erased, in one statement whatever their number."""
    hashes = {hash_of(name, salt): name for name in names}
    if is_sqlite(connection):
        among, given = "IN (SELECT value FROM json_each(:given))", orjson.dumps([*hashes]).decode()
        found = connection.execute(sa.text(f"{ERASED_HASHES} {among}"), {"given": given})
    else:
        found = connection.execute(sa.text(f"{ERASED_HASHES} = ANY(:given)"), {"given": [*hashes]})
    return {hashes[digest] for digest in found.scalars()}
