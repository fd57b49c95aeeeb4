"""Opening the store: SQLite or PostgreSQL, so that what is committed is durable."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from saldopas.features.errors import DataError
from saldopas.store.schema import STORE_INFO
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

BUSY_MS = 5_000
CONNECT_S = 2  # the least that libpq takes
ERASING = 5_141_001  # advisory lock: writers share it, erasing has it alone
MIGRATING = 5_141_002
# secure_delete: what was erased is overwritten; FULL: a commit is on the disk when it returns
PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    f"PRAGMA busy_timeout={BUSY_MS}",
    "PRAGMA cache_size=-512",
)


def store_url(text: str) -> URL:
    """The parsed URL, with psycopg 3 for PostgreSQL; a SQLite file need not exist yet.

    Raises:
        DataError: no URL of a database that is supported.
    """
    remedy = "give sqlite:///FILE or postgresql://USER@HOST/NAME"
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise DataError("this is not the URL of a store", remedy=remedy) from error
    kind = url.get_backend_name()
    if kind in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if kind != "sqlite" or not url.database or url.database == ":memory:":
        raise DataError("this database cannot be a store", remedy=remedy)
    return url.set(drivername="sqlite+pysqlite")


def absolute_store(text: str) -> str:
    """The URL as another process may use it, whatever its working directory is."""
    url = store_url(text)
    if url.get_backend_name() == "sqlite":
        url = url.set(database=str(Path(str(url.database)).resolve()))
    return url.render_as_string(hide_password=False)


def open_store(text: str, *, statement_ms: int = 30_000, connections: int = 5) -> Engine:
    """An engine whose transactions are safe to write in.

    Args:
        text: the URL.
        statement_ms: PostgreSQL gives a statement up after so long.
        connections: kept open at most.
    """
    url = store_url(text)
    if url.get_backend_name() == "sqlite":
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(url, connect_args={"check_same_thread": False})
        sa.event.listen(engine, "connect", _sqlite_connected)
        sa.event.listen(engine, "begin", _sqlite_begin)
        return engine
    options = f"-c statement_timeout={statement_ms} -c lock_timeout={min(statement_ms, BUSY_MS)}"
    return sa.create_engine(
        url,
        connect_args={
            "connect_timeout": CONNECT_S,
            "options": options,
            "tcp_user_timeout": max(statement_ms, 1_000),
        },
        pool_size=connections,
        max_overflow=0,
        pool_timeout=CONNECT_S,
    )


@contextmanager
def existing_store(text: str) -> Iterator[Engine | None]:
    """A store that is only read; None: no such SQLite file, or a database without the schema."""
    url = store_url(text)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        yield None
        return
    engine = open_store(text)
    try:
        with for_reading(engine).connect() as connection:
            there = revision_of(connection) is not None
        yield engine if there else None
    finally:
        engine.dispose()


def for_reading(engine: Engine) -> Engine:
    """The same engine, whose transactions see one moment and hold up no writer."""
    if is_sqlite(engine):
        return engine.execution_options(reading=True)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def is_sqlite(engine: Engine | Connection) -> bool:
    """Whether the store is a file."""
    return engine.dialect.name == "sqlite"


@contextmanager
def store_errors(text: str) -> Iterator[None]:
    """What the database says becomes one line, without a password."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        shown = store_url(text).render_as_string(hide_password=True)
        lines = str(getattr(error, "orig", None) or error).strip().splitlines()
        raise DataError(
            f"the store {shown}: {lines[0] if lines else 'no answer'}",
            remedy="check the URL, the server and `saldopas store upgrade`",
        ) from error


def lock_writing(connection: Connection) -> None:
    """Until the transaction ends nobody is erased in between (SQLite has one writer anyway)."""
    if not is_sqlite(connection):
        connection.execute(sa.text(f"SELECT pg_advisory_xact_lock_shared({ERASING})"))


def lock_erasing(connection: Connection) -> None:
    """Until the transaction ends nobody else writes."""
    if not is_sqlite(connection):
        connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({ERASING})"))


def read_info(connection: Connection, key: str) -> str | None:
    """A value of `store_info`."""
    query = sa.select(STORE_INFO.c.value).where(STORE_INFO.c.key == key)
    return connection.execute(query).scalar_one_or_none()


def read_salt(connection: Connection) -> bytes:
    """The key of the hashes of erased people."""
    return bytes.fromhex(read_info(connection, "salt") or "")


def hash_of(participant_id: str, salt: bytes) -> str:
    """What a tombstone holds of an erased person: it tells the id to nobody without the salt."""
    text = participant_id.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=20, key=salt).hexdigest()


def _sqlite_connected(connection: Any, record: object) -> None:
    connection.isolation_level = None  # transactions begin where `_sqlite_begin` says
    for pragma in PRAGMAS:
        connection.execute(pragma)


def _sqlite_begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


HEAD = "0002"
VERSION_TABLE = "store_version"


def upgrade_store(engine: Engine, *, to: str = HEAD) -> str:
    """Run the steps that are missing, all or none; the revision that the store has then.

    Args:
        engine: the store.
        to: an earlier revision leaves later steps undone, for tests of them.

    Raises:
        DataError: a newer release made the store.
    """
    with for_reading(engine).connect() as connection:  # a reader does not wait for a writer
        if revision_of(connection) == to:
            return to
    with engine.begin() as connection:  # in SQLite this takes the write lock
        if not is_sqlite(connection):
            connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({MIGRATING})"))
        found = revision_of(connection)
        if found == to:
            return to
        if found is not None and found > HEAD:
            raise DataError(
                f"the store has schema {found}, this release knows {HEAD}",
                remedy="serve it with the release that made it, or restore a backup",
            )
        # loaded only where there is something to do: it takes a while, and workers would keep it
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", "saldopas.store:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, to)
    return to


def revision_of(connection: Connection) -> str | None:
    """The schema's revision; None where there is none yet."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608
