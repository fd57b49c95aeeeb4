"""Served lists in the store: packed when they are written, and as the log that estimation reads."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import orjson
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection, Engine

from features import columns as c
from features.served_log import ServedList, pack_courses, unpack_courses
from features.store_engine import for_reading, hash_of, lock_writing, read_salt
from features.store_schema import CATALOGUES, EVENTS, SERVED
from features.store_state import erased_among

FAST = 1  # zlib level


@dataclass(frozen=True)
class Shown:
    """One list as it was shown; courses are positions in the artifact's catalogue.

    Attributes:
        feasible: (n_items,) bool, what the rules allowed.
        pool, listed: as in `ServedList`; None where nothing could be explored.
        propensity: chance of each course in its slot.
    """

    request_id: str
    participant_id: str | None
    served_at: datetime
    model_version: str
    feasible: NDArray[np.bool_]
    item_idx: Sequence[int]
    scores: Sequence[float]
    propensity: Sequence[float]
    pool: NDArray[np.bool_] | None = None
    listed: Sequence[int] | None = None


@dataclass(frozen=True)
class Exported:
    """The rows of a log over one catalogue."""

    rows: list[ServedList]
    course_ids: list[str]


def write_shown(
    engine: Engine, lists: Sequence[Shown], *, fingerprint: str, course_ids: Sequence[str]
) -> int:
    """Write lists of one artifact, but none of erased people; how many were written."""
    with engine.begin() as connection:
        lock_writing(connection)
        salt = read_salt(connection)
        _put_catalogue(connection, fingerprint, course_ids)
        names = {one.participant_id for one in lists if one.participant_id is not None}
        hashes = {name: hash_of(name, salt) for name in names}
        gone = erased_among(connection, list(hashes.values()))
        rows = [
            {
                "request_id": one.request_id,
                c.PARTICIPANT_ID: one.participant_id,
                "served_at": one.served_at,
                "model_version": one.model_version,
                "fingerprint": fingerprint,
                "content": _packed(one),
            }
            for one in lists
            if one.participant_id is None or hashes[one.participant_id] not in gone
        ]
        if rows:
            connection.execute(sa.insert(SERVED), rows)
    return len(rows)


def export_served(engine: Engine, *, window_days: int, now: datetime) -> Exported:
    """Every list, with what was bought within the window after it was served.

    Purchases count from when the service recorded them: that is the clock of `served_at` too.
    Lists of nobody in particular, and those whose window is open at `now`, tell no purchases.
    Catalogues become one: that of the first artifact, new courses at its end.
    """
    with for_reading(engine).connect() as connection:
        bought = _recorded_purchases(connection)
        ids_of = {
            row.fingerprint: json.loads(zlib.decompress(row.course_ids))
            for row in connection.execute(sa.select(CATALOGUES))
        }
        query = sa.select(SERVED).order_by(SERVED.c.served_at, SERVED.c.request_id)
        lists = [(row, ids_of[row.fingerprint]) for row in connection.execute(query)]
    course_ids = list(dict.fromkeys(name for _, ids in lists for name in ids))
    place_of = {name: place for place, name in enumerate(course_ids)}
    window = timedelta(days=window_days)
    rows = []
    for row, ids in lists:
        places = np.array([place_of[name] for name in ids], np.int64)
        closed = row.participant_id is not None and row.served_at + window <= now
        made = _served_list(row, places, len(course_ids))
        if closed:
            until = row.served_at + window
            times = bought.get(row.participant_id, {})
            flags = tuple(
                any(row.served_at <= at <= until for at in times.get(course_ids[item], ()))
                for item in made.item_idx
            )
            made = made.model_copy(update={"bought": flags, "window_days": window_days})
        rows.append(made)
    return Exported(rows, course_ids)


def _served_list(row: Any, places: NDArray[np.int64], n_items: int) -> ServedList:
    """A row over the joint catalogue."""
    content = orjson.loads(zlib.decompress(row.content))

    def moved(bits: str | None) -> bytes | None:
        if bits is None:
            return None
        there = np.zeros(n_items, np.bool_)
        there[places] = unpack_courses(base64.b64decode(bits), n_items=len(places))
        return pack_courses(there)

    items = tuple(int(places[item]) for item in content["items"])
    listed = content["listed"]
    return ServedList(
        request_id=row.request_id,
        served_at=row.served_at,
        participant_id=row.participant_id,
        model_version=row.model_version,
        feasible=moved(content["feasible"]) or b"",
        pool=b"" if listed is None else moved(content["pool"]),
        listed=items if listed is None else tuple(int(places[item]) for item in listed),
        item_idx=items,
        scores=tuple(content["scores"]),
        propensity_at_slot=tuple(content["propensity"]),
    )


def _packed(one: Shown) -> bytes:
    return zlib.compress(
        orjson.dumps(
            {
                "feasible": _bits(one.feasible),
                "items": list(one.item_idx),
                "scores": list(one.scores),
                "propensity": list(one.propensity),
                "pool": None if one.pool is None else _bits(one.pool),
                "listed": None if one.listed is None else list(one.listed),
            }
        ),
        FAST,
    )


def _bits(could: NDArray[np.bool_]) -> str:
    return base64.b64encode(pack_courses(could)).decode()


def _put_catalogue(connection: Connection, fingerprint: str, course_ids: Sequence[str]) -> None:
    known = sa.select(CATALOGUES.c.fingerprint).where(CATALOGUES.c.fingerprint == fingerprint)
    if connection.execute(known).first() is None:
        packed = zlib.compress(json.dumps(list(course_ids)).encode())
        row = {"fingerprint": fingerprint, "course_ids": packed}
        connection.execute(sa.insert(CATALOGUES).values(row))


def _recorded_purchases(connection: Connection) -> Mapping[str, Mapping[str, list[datetime]]]:
    """Moments by participant and course."""
    found: dict[str, dict[str, list[datetime]]] = {}
    columns = EVENTS.c
    query = sa.select(columns.participant_id, columns.course_id, columns.recorded_at)
    for name, course_id, at in connection.execute(query.where(columns.kind == "purchase")):
        found.setdefault(name, {}).setdefault(course_id, []).append(at)
    return found
