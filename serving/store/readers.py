"""One participant in one prepared statement: in the event loop for SQLite, beside it otherwise."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from saldopas.store.engine import hash_of
from saldopas.store.participants import Found, found_in, lookup_query
from sqlalchemy.engine import Engine
from sqlalchemy.pool import PoolProxiedConnection

THREADS = 8
MOST_WAITING = 256


class Reader(Protocol):
    """Looks one participant up."""

    async def find(self, participant_id: str, within_s: float) -> Found:
        """Any exception means that the store did not answer in time."""

    def close(self) -> None:
        """Let connections go."""


class SqliteReader:
    """Reads take some 50 us and wait for no writer: a hop to a thread would take longer."""

    def __init__(self, engine: Engine, salt: bytes) -> None:
        self._connection: Any = engine.raw_connection()
        self._query = str(lookup_query().compile(engine))
        self._salt = salt
        self._names = lookup_query().compile(engine).positiontup or []

    async def find(self, participant_id: str, within_s: float) -> Found:
        """See `Reader`; its deadline is the disk's."""
        values = {"id": participant_id, "hash": hash_of(participant_id, self._salt), "param_1": 1}
        cursor = self._connection.execute(self._query, [values[name] for name in self._names])
        return found_in(cursor.fetchall())

    def close(self) -> None:
        """See `Reader`."""
        self._connection.close()


class PostgresReader:
    """A few threads, each with a connection; a caller waits no longer than the deadline."""

    def __init__(self, engine: Engine, salt: bytes) -> None:
        self._engine = engine
        self._query = str(lookup_query().compile(engine))
        self._salt = salt
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="store")
        self._own = threading.local()
        self._waiting = 0

    async def find(self, participant_id: str, within_s: float) -> Found:
        """See `Reader`."""
        if self._waiting >= MOST_WAITING:
            raise TimeoutError("too many look-ups wait for the store")
        self._waiting += 1
        work = asyncio.get_running_loop().run_in_executor(self._threads, self._find, participant_id)
        work.add_done_callback(self._done)
        return await asyncio.wait_for(asyncio.shield(work), within_s)

    def close(self) -> None:
        """See `Reader`."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _done(self, work: asyncio.Future[Found]) -> None:
        self._waiting -= 1
        if not work.cancelled():
            work.exception()  # nobody may be waiting for it any more

    def _find(self, participant_id: str) -> Found:
        """On this thread's connection; one that a server cut, which may be back, is made anew."""
        kept = getattr(self._own, "connection", None)
        if kept is None:
            self._own.connection = self._connected()
        try:
            return self._found_by(self._own.connection, participant_id)
        except BaseException:
            connection, self._own.connection = self._own.connection, None
            cut = connection.driver_connection.closed
            connection.invalidate()
            if kept is None or not cut:
                raise
        return self._find(participant_id)

    def _found_by(self, connection: PoolProxiedConnection, participant_id: str) -> Found:
        digest = hash_of(participant_id, self._salt)
        cursor: Any = connection.cursor()
        values = {"id": participant_id, "hash": digest, "param_1": 1}
        cursor.execute(self._query, values, prepare=True)
        return found_in(cursor.fetchall())

    def _connected(self) -> PoolProxiedConnection:
        connection = self._engine.raw_connection()
        connection.driver_connection.autocommit = True  # type: ignore[union-attr]
        return connection


FAILURES = 3
LEAST_S = 0.3  # a hiccup, when all that wait fail together, is not yet a store that is down
PAUSE_S = 1.0


class Breaker:
    """Counts what fails; while it is open, one call a pause tries whether the store is back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._up = True
        self._failures = 0
        self._since_s = 0.0
        self._next_try_s = 0.0

    @property
    def up(self) -> bool:
        """Whether the store is believed to answer."""
        return self._up

    def allows(self) -> bool:
        """Whether to ask now; while the store is down, one request at a time probes it."""
        if self._up:
            return True
        now_s = self._clock()
        if now_s < self._next_try_s:
            return False
        self._next_try_s = now_s + PAUSE_S
        return True

    def worked(self) -> None:
        """The store answered in time."""
        self._up, self._failures = True, 0

    def failed(self) -> None:
        """It did not."""
        if self._failures == 0:
            self._since_s = self._clock()
        self._failures += 1
        lasting = self._clock() - self._since_s >= LEAST_S
        if self._up and self._failures >= FAILURES and lasting:
            self.open()

    def open(self) -> None:
        """The store is down."""
        self._up, self._next_try_s = False, self._clock() + PAUSE_S
