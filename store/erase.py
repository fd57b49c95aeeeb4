"""Forgetting people: their rows go, a keyed hash stays so that nothing brings them back.

The hash is committed first, with the rows, so that nothing of the person is written from then on;
then their lists are taken out of the blocks that hold any. Interrupted, it is done again: over
HTTP by the client, who had no answer, else by `saldopas erase --pending`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c
from saldopas.store.engine import (
    existing_store,
    for_reading,
    hash_of,
    is_sqlite,
    lock_erasing,
    read_salt,
)
from saldopas.store.schema import ERASED, OF_A_PERSON, SERVED
from saldopas.store.served.packing import Block, people_in, written_as
from sqlalchemy.engine import Engine


def erase_people(engine: Engine, ids: Sequence[str], *, now: datetime, pending: bool) -> int:
    """Delete what the store holds of the people; how many rows and lists that were.

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
        rows = sum(
            connection.execute(sa.delete(table).where(table.c[c.PARTICIPANT_ID].in_(ids))).rowcount
            for table in OF_A_PERSON
        )
    return rows + _forget_lists(engine, set(ids).intersection, named=ids)


def forget_pending_lists(engine: Engine) -> int:
    """Take lists out that an interrupted `erase_people` left; how many that were."""
    salt, hashes = pending_hashes(engine)

    def gone(names: set[str]) -> set[str]:
        return {name for name in names if hash_of(name, salt) in hashes}

    return _forget_lists(engine, gone) if hashes else 0


def purge_files(engine: Engine, *, whole: bool) -> None:
    """Make the bytes of deleted rows go.

    SQLite: what is in the write-ahead log moves into the file; with `whole` the file is written
    anew. PostgreSQL: the rows' space is freed, and with `whole` the tables are written anew.

    Raises:
        DataError: somebody else uses the SQLite file for too long.
    """
    if is_sqlite(engine):
        in_use = DataError(
            "the store is in use, so deleted rows are still in its file",
            remedy="run `saldopas erase --pending` again in a quiet moment",
        )
        try:
            with closing(engine.raw_connection()) as file:  # neither runs inside a transaction
                cursor = file.cursor()
                if whole:
                    cursor.execute("VACUUM")
                busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.Error as error:
            raise in_use from error
        if busy:  # somebody reads what was before; this is said, not raised
            raise in_use
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in (*OF_A_PERSON, SERVED):
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
    with existing_store(url) as engine:
        return (b"", frozenset()) if engine is None else erased_hashes(engine)


def _hashes(engine: Engine, query: sa.Select[Any]) -> tuple[bytes, frozenset[str]]:
    with for_reading(engine).connect() as connection:
        return read_salt(connection), frozenset(row[0] for row in connection.execute(query))


def _forget_lists(
    engine: Engine, gone_among: Callable[[set[str]], set[str]], *, named: Sequence[str] = ()
) -> int:
    """Rewrite each block that holds a list of people who are to go; how many lists went.

    Args:
        engine: the store.
        gone_among: those of some ids who are to go.
        named: looks only at blocks in which one of these ids stands; none: at all.
    """
    query = sa.select(SERVED.c.block_id, SERVED.c.people)
    if named:
        places = sa.func.instr if is_sqlite(engine) else sa.func.strpos
        found = (places(SERVED.c.people, written_as(name)) > 0 for name in named)
        query = query.where(sa.or_(*found))
    with for_reading(engine).connect() as connection:
        holding = {
            block_id: gone
            for block_id, people in connection.execute(query)
            if (gone := gone_among({name for name in people_in(people) if name is not None}))
        }
    return sum(_rewrite(engine, block_id, gone) for block_id, gone in holding.items())


def _rewrite(engine: Engine, block_id: str, gone: set[str]) -> int:
    """A block without the lists of these people; how many they were."""
    this = SERVED.c.block_id == block_id
    with engine.begin() as connection:
        row = connection.execute(sa.select(SERVED).where(this).with_for_update()).one_or_none()
        if row is None:  # somebody else erased meanwhile
            return 0
        block = Block.of(row.people, row.content).without(gone)
        if block is None:
            connection.execute(sa.delete(SERVED).where(this))
            return int(row.n_lists)
        values = {"n_lists": len(block.request_ids), "people": block.people}
        connection.execute(sa.update(SERVED).where(this).values(content=block.content, **values))
        return int(row.n_lists) - len(block.request_ids)
