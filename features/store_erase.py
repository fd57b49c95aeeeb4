"""Forgetting people: their rows go, a keyed hash stays so that nothing brings them back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from features import columns as c
from features.errors import DataError
from features.store_engine import (
    for_reading,
    hash_of,
    is_sqlite,
    lock_erasing,
    open_store,
    read_salt,
)
from features.store_schema import ERASED, OF_A_PERSON
from features.store_upgrade import revision_of


def erase_people(engine: Engine, ids: Sequence[str], *, now: datetime, pending: bool) -> int:
    """Delete what the store holds of the people; how many rows that were.

    Args:
        engine: the store.
        ids: whom to forget; somebody unknown gets a tombstone all the same.
        now: when that was asked for.
        pending: whether artifacts are still to be rewritten.
    """
    with engine.begin() as connection:
        lock_erasing(connection)
        salt = read_salt(connection)
        for participant_id in ids:
            known = ERASED.c.hash == (digest := hash_of(participant_id, salt))
            if connection.execute(sa.select(ERASED.c.hash).where(known)).first() is None:
                row = {"hash": digest, "erased_at": now, "pending": pending}
                connection.execute(sa.insert(ERASED).values(row))
            elif pending:
                connection.execute(sa.update(ERASED).where(known).values(pending=True))
        return sum(
            connection.execute(sa.delete(table).where(table.c[c.PARTICIPANT_ID].in_(ids))).rowcount
            for table in OF_A_PERSON
        )


def purge_files(engine: Engine, *, whole: bool) -> None:
    """Make the bytes of deleted rows go.

    SQLite: what is in the write-ahead log moves into the file; with `whole` the file is written
    anew. PostgreSQL: the rows' space is freed, and with `whole` the tables are written anew.

    Raises:
        DataError: somebody else uses the SQLite file for too long.
    """
    if is_sqlite(engine):
        try:
            with closing(engine.raw_connection()) as file:  # neither runs inside a transaction
                cursor = file.cursor()
                if whole:
                    cursor.execute("VACUUM")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise DataError(
                "the store is in use, so deleted rows are still in its file",
                remedy="run `saldopas erase --pending` again in a quiet moment",
            ) from error
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in OF_A_PERSON:
            connection.execute(sa.text(f"VACUUM {'FULL' if whole else ''} {table.name}"))


def pending_hashes(engine: Engine) -> tuple[bytes, frozenset[str]]:
    """The salt, and the hashes of people whom artifacts may still hold."""
    return _hashes(engine, sa.select(ERASED.c.hash).where(ERASED.c.pending))


def erased_hashes(engine: Engine) -> tuple[bytes, frozenset[str]]:
    """The salt, and the hashes of everybody who was erased."""
    return _hashes(engine, sa.select(ERASED.c.hash))


def clear_pending(engine: Engine, hashes: Sequence[str]) -> None:
    """The artifacts hold these no more."""
    with engine.begin() as connection:
        for digest in hashes:
            query = sa.update(ERASED).where(ERASED.c.hash == digest).values(pending=False)
            connection.execute(query)


def erased_in(url: str) -> tuple[bytes, frozenset[str]]:
    """As `erased_hashes`; nobody where there is no store yet."""
    engine = open_store(url)
    try:
        with for_reading(engine).connect() as connection:
            if revision_of(connection) is None:
                return b"", frozenset()
        return erased_hashes(engine)
    finally:
        engine.dispose()


def _hashes(engine: Engine, query: sa.Select[Any]) -> tuple[bytes, frozenset[str]]:
    with for_reading(engine).connect() as connection:
        return read_salt(connection), frozenset(row[0] for row in connection.execute(query))
