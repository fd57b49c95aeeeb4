"""Filling the store from a dataset: in bulk, again without harm, without those who were erased."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pandas as pd
import sqlalchemy as sa
from saldopas.features.encoding.profile import NOT_PROFILE
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import Dataset
from saldopas.features.tables.dataset_config import DatasetConfig
from saldopas.features.tables.id_index import places_of
from saldopas.store.engine import is_sqlite, lock_writing, read_salt
from saldopas.store.participants import MOST_AT_ONCE, erased_of
from saldopas.store.schema import COURSES, PARTICIPANTS, PURCHASES, STORE_INFO
from sqlalchemy.engine import Connection, Engine

PEOPLE_AT_ONCE = 20_000
PERSON = (c.PARTICIPANT_ID, "profile", c.ANNOUNCED_AT, c.BALANCE, c.OPTED_OUT)
BOUGHT = (c.PARTICIPANT_ID, c.COURSE_ID, c.PURCHASED_AT, c.PRICE_PAID, c.STATUS, c.RATING)


@dataclass(frozen=True)
class Loaded:
    """How many people and purchases were written, and how many people were not, and why."""

    people: int
    purchases: int
    known_already: int
    erased: int
    courses: int


def load_store(engine: Engine, data: Dataset, *, advance: Callable[[int], object]) -> Loaded:
    """Write a dataset; people whom the store knows are left as the store has them.

    Each block of people is one transaction, so an interrupted load goes on where it stopped.

    Args:
        engine: the store, upgraded.
        data: what to write; its configuration becomes the store's.
        advance: is told of people done.
    """
    with engine.begin() as connection:
        salt = read_salt(connection)
        _put_info(connection, "dataset", data.config.model_dump_json())
        n_courses = _put_courses(connection, data.courses)
    people = data.participants
    ids = people[c.PARTICIPANT_ID].tolist()
    rows = _person_rows(people, data.config)
    bought, starts = _bought_rows(data)
    counts = np.zeros(4, np.int64)
    for start in range(0, len(ids), PEOPLE_AT_ONCE):
        block = range(start, min(start + PEOPLE_AT_ONCE, len(ids)))
        with engine.begin() as connection:
            lock_writing(connection)
            names = [ids[place] for place in block]
            known = _known(connection, names)
            erased = erased_of(connection, names, salt)
            fresh = [p for p in block if ids[p] not in known and ids[p] not in erased]
            _insert(connection, PARTICIPANTS, PERSON, [rows[place] for place in fresh])
            mine = [bought[k] for p in fresh for k in range(starts[p], starts[p + 1])]
            _insert(connection, PURCHASES, BOUGHT, mine)
        counts += [len(fresh), len(mine), len(known), len(erased)]
        advance(len(block))
    n_people, n_bought, n_known, n_erased = counts.tolist()
    return Loaded(n_people, n_bought, n_known, n_erased, n_courses)


def profile_columns(people: pd.DataFrame, config: DatasetConfig) -> list[str]:
    """What of the table is kept: declared columns, else all that are not sensitive."""
    rules = config.eligibility
    needed = {rules.age_column, rules.education_column}
    if config.profile is not None:
        needed |= set(config.profile)
        return [name for name in people.columns if name in needed]
    return [
        str(name)
        for name in people.columns
        if name not in NOT_PROFILE and name not in config.sensitive
    ]


def _person_rows(people: pd.DataFrame, config: DatasetConfig) -> list[tuple[Any, ...]]:
    announced = _moments(people, c.ANNOUNCED_AT)
    grants = _optional(people, c.BALANCE, int)
    profiles = _profiles(people, profile_columns(people, config))
    opted_out = people[c.OPTED_OUT].tolist()
    ids = people[c.PARTICIPANT_ID].tolist()
    return list(zip(ids, profiles, announced, grants, opted_out, strict=True))


def _profiles(people: pd.DataFrame, names: Sequence[str]) -> Iterator[str]:
    """A JSON object a row, without the columns that have no value there."""
    columns = [people[name].astype(object) for name in names]
    known = [column.notna().to_numpy() for column in columns]
    values = [column.tolist() for column in columns]
    for row in range(len(people)):
        profile = {
            name: value[row]
            for name, value, is_known in zip(names, values, known, strict=True)
            if is_known[row]
        }
        yield orjson.dumps(profile, default=str).decode()


def _bought_rows(data: Dataset) -> tuple[list[tuple[Any, ...]], list[int]]:
    """Rows by participant, oldest first, and where each participant's begin."""
    ids = data.participants[c.PARTICIPANT_ID]
    buyers = places_of(data.purchases[c.PARTICIPANT_ID], ids)
    bought = data.purchases.iloc[np.argsort(buyers, kind="stable")]
    starts = np.concatenate([[0], np.cumsum(np.bincount(buyers, minlength=len(ids)))])
    columns = [
        bought[c.PARTICIPANT_ID].tolist(),
        bought[c.COURSE_ID].tolist(),
        _moments(bought, c.PURCHASED_AT),
        bought[c.PRICE_PAID].tolist(),
        bought[c.STATUS].tolist(),
        _optional(bought, c.RATING, float),
    ]
    return list(zip(*columns, strict=True)), starts.tolist()


def _known(connection: Connection, names: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(names), MOST_AT_ONCE):
        part = names[start : start + MOST_AT_ONCE]
        query = sa.select(PARTICIPANTS.c.participant_id)
        rows = connection.execute(query.where(PARTICIPANTS.c.participant_id.in_(part)))
        found |= set(rows.scalars())
    return found


def _insert(
    connection: Connection, table: sa.Table, columns: Sequence[str], rows: list[tuple[Any, ...]]
) -> None:
    """By the driver's fastest way: COPY, or one prepared statement."""
    names = ", ".join(columns)
    cursor = connection.connection.cursor()
    if is_sqlite(connection):
        marks = ", ".join("?" * len(columns))
        cursor.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", rows)  # noqa: S608
        return
    with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _put_courses(connection: Connection, courses: pd.DataFrame) -> int:
    """New courses are added at the end, known ones take the new values."""
    known = {
        row.course_id: row.place
        for row in connection.execute(sa.select(COURSES.c.course_id, COURSES.c.place))
    }
    present = [column.name for column in COURSES.columns if column.name in courses]
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for record in courses[present].astype(object).to_dict("records"):
        row = {str(k): None if pd.isna(value) else _plain(value) for k, value in record.items()}
        place = known.get(row[c.COURSE_ID])
        if place is None:
            new.append(row | {"place": len(known) + len(new)})
        else:
            changed.append(row | {"at_place": place})
    if changed:
        there = COURSES.c.place == sa.bindparam("at_place")
        connection.execute(sa.update(COURSES).where(there), changed)
    if new:
        connection.execute(sa.insert(COURSES), new)
    return len(new)


def _put_info(connection: Connection, key: str, value: str) -> None:
    connection.execute(sa.delete(STORE_INFO).where(STORE_INFO.c.key == key))
    connection.execute(sa.insert(STORE_INFO).values(key=key, value=value))


def _plain(value: Any) -> Any:
    """A value as the drivers take it."""
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.item() if isinstance(value, np.generic) else value


def _moments(table: pd.DataFrame, column: str) -> list[Any]:
    """As `moment_text`, which COPY takes too."""
    if column not in table:
        return [None] * len(table)
    times = table[column].dt.tz_convert(None).to_numpy("datetime64[us]")
    texts = np.char.add(np.datetime_as_string(times, unit="us"), "+00:00").tolist()
    return [None if missing else text for text, missing in zip(texts, np.isnat(times), strict=True)]


def _optional(table: pd.DataFrame, column: str, kind: type[int] | type[float]) -> list[Any]:
    if column not in table:
        return [None] * len(table)
    values, known = table[column].astype(object), table[column].notna()
    return [
        kind(value) if is_known else None for value, is_known in zip(values, known, strict=True)
    ]
