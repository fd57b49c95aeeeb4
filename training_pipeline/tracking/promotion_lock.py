"""One promotion at a time: on this machine, and among all that share a PostgreSQL store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from saldopas.training_pipeline.tracking import store
from saldopas.training_pipeline.tracking.file_lock import locked
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

FILE = ".promotion.lock"  # in the store's directory
KEY = 0x5A1D0  # of PostgreSQL's advisory lock


@contextmanager
def promotion_lock() -> Iterator[None]:
    """Hold it around aliases, verdicts and the audit; waits, and a killed holder frees it."""
    with locked(store.home() / FILE), _shared_lock():
        yield


@contextmanager
def _shared_lock() -> Iterator[None]:
    """Of PostgreSQL alone: a SQLite file is of one machine, and a server hides its database."""
    if not store.absolute_uri().startswith("postgresql"):
        yield
        return
    engine = create_engine(make_url(store.absolute_uri()), poolclass=NullPool)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": KEY})
        yield  # the lock ends with the connection
