"""Served lists in the store: packed when they are written, and as the log that estimation reads."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from saldopas.store.engine import for_reading, lock_writing, read_salt
from saldopas.store.participants import erased_of
from saldopas.store.schema import CATALOGUES, EVENTS, SERVED
from saldopas.store.served.log import ServedList, pack_courses, unpack_courses
from saldopas.store.served.packing import Block, Shown, block_row, packed, unpacked
from sqlalchemy.engine import Connection, Engine


class _Row(NamedTuple):
    """A list of a block."""

    request_id: str
    participant_id: str | None
    served_at: datetime
    content: bytes
    model_version: str


@dataclass(frozen=True)
class Exported:
    """The rows of a log over one catalogue."""

    rows: list[ServedList]
    course_ids: list[str]


def write_shown(
    engine: Engine, shown: Shown, *, fingerprint: str, course_ids: Sequence[str]
) -> int:
    """Write lists of one artifact as a block, but none of erased people; how many were written.

    Whoever is not sure that this was done does it again, with the same lists first: the block is
    then replaced.
    """
    block = Block(shown.request_ids, shown.participant_ids, shown.served_at, packed(shown))
    row = block_row(block)  # before the transaction, which others wait for
    names = {name for name in shown.participant_ids if name is not None}
    with engine.begin() as connection:
        lock_writing(connection)
        _put_catalogue(connection, fingerprint, course_ids)
        gone = erased_of(connection, names, read_salt(connection))
        if gone:
            left = block.without(gone)
            if left is None:
                return 0
            row = block_row(left)
        row |= {"model_version": shown.model_version, "fingerprint": fingerprint}
        row["block_id"] = shown.request_ids[0]  # erased or not, so that it is the same again
        # idempotent: a retry after an uncertain commit replaces the block
        connection.execute(sa.delete(SERVED).where(SERVED.c.block_id == row["block_id"]))
        connection.execute(sa.insert(SERVED).values(row))
    return int(row["n_lists"])


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
        lists = [
            (row, ids_of[block.fingerprint])
            for block in connection.execute(sa.select(SERVED))
            for row in _lists_of(block)
        ]
    lists.sort(key=lambda one: (one[0].served_at, one[0].request_id))
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
            times = bought.get(row.participant_id or "", {})
            flags = tuple(
                any(row.served_at <= at <= until for at in times.get(course_ids[item], ()))
                for item in made.item_idx
            )
            made = made.model_copy(update={"bought": flags, "window_days": window_days})
        rows.append(made)
    return Exported(rows, course_ids)


def _lists_of(row: Any) -> list[_Row]:
    block = Block.of(row.people, row.content)
    columns = (block.request_ids, block.participant_ids, block.served_at, block.contents)
    return [_Row(*values, row.model_version) for values in zip(*columns, strict=True)]


def _served_list(row: _Row, places: NDArray[np.int64], n_items: int) -> ServedList:
    """A row over the joint catalogue."""
    content = unpacked(row.content, n_items=len(places))

    def moved(bits: bytes) -> bytes:
        there = np.zeros(n_items, np.bool_)
        there[places] = unpack_courses(bits, n_items=len(places))
        return pack_courses(there)

    items = tuple(int(places[item]) for item in content.items)
    listed = content.listed
    explored = b"" if content.pool is None else moved(content.pool)
    return ServedList(
        request_id=row.request_id,
        served_at=row.served_at,
        participant_id=row.participant_id,
        model_version=row.model_version,
        feasible=moved(content.feasible),
        pool=explored,
        listed=items if listed is None else tuple(int(places[item]) for item in listed),
        item_idx=items,
        scores=tuple(content.scores),
        propensity_at_slot=tuple(content.propensity),
    )


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
