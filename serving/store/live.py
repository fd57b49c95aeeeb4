"""The store as a worker uses it: opened when it answers, asked with a deadline, never in doubt."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, TypeVar

from saldopas.features.errors import DataError
from saldopas.serving.events.recording import Event, Outcome, World, record
from saldopas.serving.http import metrics
from saldopas.serving.http.errors import store_down
from saldopas.serving.http.logs import LOG
from saldopas.serving.store.readers import Breaker, PostgresReader, Reader, SqliteReader
from saldopas.store.engine import for_reading, is_sqlite, open_store, read_salt, upgrade_store
from saldopas.store.erase import erase_people, purge_files
from saldopas.store.participants import Found, look_up
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

Result = TypeVar("Result")
READ_MS = 1_000
WRITE_MS = 5_000
WRITERS = 4
OPENING_S = 0.5
DOWN = Found(down=True)


class LiveStore:
    """One object a process."""

    def __init__(self, url: str, *, timeout_ms: int) -> None:
        self.breaker = Breaker()
        self._write_breaker = Breaker()  # reads have a deadline that a write may well miss
        self._timeout_s = timeout_ms / 1_000
        self._writing = open_store(url, statement_ms=WRITE_MS, connections=WRITERS)
        # readers outlive their deadline, but not for long
        self._reading = open_store(url, statement_ms=READ_MS, connections=32)
        self._opening = threading.Lock()
        self._salt: bytes | None = None
        self._reader: Reader | None = None

    @property
    def engine(self) -> Engine:
        """For writing."""
        return self._writing

    @property
    def writers(self) -> int:
        """How many may write at once."""
        return 1 if is_sqlite(self._writing) else WRITERS

    def open(self) -> bytes:
        """Upgrade the schema and read the salt, the first time; the salt.

        Raises:
            SQLAlchemyError: the store does not answer.
            TimeoutError: it is being opened, and does not answer soon.
        """
        if self._salt is not None:
            return self._salt
        if not self._opening.acquire(timeout=OPENING_S):
            raise TimeoutError("the store is being opened")
        try:
            if self._salt is None:
                upgrade_store(self._writing)
                with for_reading(self._reading).connect() as connection:
                    self._salt = read_salt(connection)
            return self._salt
        finally:
            self._opening.release()

    def try_open(self) -> None:
        """Open it when the service starts; where that fails, it is tried again later."""
        try:
            self.open()
        except (SQLAlchemyError, DataError, OSError) as error:
            self.breaker.open()
            self._log_cause("open", error)
        metrics.STORE_UP.set(self.breaker.up)

    async def find(self, participant_id: str, *, within_s: float | None = None) -> Found:
        """What the store says of a participant; `down` where it does not say it in time.

        Args:
            participant_id: whom it is about.
            within_s: how long to wait; None: as long as a request that can do without may wait.
        """
        if not self.breaker.allows():
            return DOWN
        started = perf_counter()
        try:
            found = await self._ready_reader().find(participant_id, within_s or self._timeout_s)
        except Exception as error:  # noqa: BLE001 - drivers raise what they like; all mean: no answer
            self._failed(error)
            return DOWN
        finally:
            metrics.FIND_SECONDS.observe(perf_counter() - started)
        self._worked()
        return found

    def find_many(self, ids: Sequence[str]) -> dict[str, Found]:
        """As `find`, in a thread."""
        if not ids or not self.breaker.allows():
            return dict.fromkeys(ids, DOWN)
        try:
            salt = self.open()
            with self._timed("find_many"), for_reading(self._reading).connect() as connection:
                found = look_up(connection, ids, salt)
        except (SQLAlchemyError, DataError, OSError) as error:
            self._failed(error)
            return dict.fromkeys(ids, DOWN)
        self._worked()
        return found

    def record(self, events: Sequence[Event], world: World) -> Outcome:
        """See `recording.record`; in a thread.

        Raises:
            ApiError: 503, nothing was recorded.
        """
        now = datetime.now(UTC)
        return self._written(
            "record", lambda salt: record(self._writing, events, world, salt=salt, now=now)
        )

    def erase(self, participant_id: str) -> int:
        """See `erase_people`; in a thread.

        Raises:
            ApiError: 503, nobody was erased.
        """

        def work(salt: bytes) -> int:
            now = datetime.now(UTC)
            gone = erase_people(self._writing, [participant_id], now=now, pending=True)
            if is_sqlite(self._writing):
                with suppress(DataError):  # `saldopas erase --pending` does it again
                    purge_files(self._writing, whole=False)
            return gone

        return self._written("erase", work)

    def close(self) -> None:
        """Let connections go."""
        if self._reader is not None:
            self._reader.close()
        self._reading.dispose()
        self._writing.dispose()

    def _ready_reader(self) -> Reader:
        if self._reader is None:
            if self._salt is None:
                if not self._opening.locked():  # else another request opens it already
                    threading.Thread(target=self._open_quietly, daemon=True).start()
                raise TimeoutError("the store was not open yet")
            make = SqliteReader if is_sqlite(self._reading) else PostgresReader
            self._reader = make(self._reading, self._salt)
        return self._reader

    def _open_quietly(self) -> None:
        try:
            self.open()
        except (SQLAlchemyError, DataError, OSError):
            return  # the next trial comes

    def _written(self, operation: str, work: Callable[[bytes], Result]) -> Result:
        if not self._write_breaker.allows():
            raise store_down()  # those who wait in line hear it now, not one after the other
        try:
            salt = self.open()
            with self._timed(operation):
                done = work(salt)
        except (SQLAlchemyError, DataError, OSError) as error:
            self._write_breaker.failed()
            self._log_cause(operation, error)
            raise store_down() from error
        self._write_breaker.worked()
        return done

    @contextmanager
    def _timed(self, operation: str) -> Any:
        started = perf_counter()
        try:
            yield
        finally:
            metrics.STORE_SECONDS.labels(operation).observe(perf_counter() - started)

    def _worked(self) -> None:
        was_up = self.breaker.up
        self.breaker.worked()
        if not was_up:
            metrics.STORE_UP.set(1)
            LOG.info("store", up=True)

    def _failed(self, error: Exception) -> None:
        was_up = self.breaker.up
        self.breaker.failed()
        if was_up and not self.breaker.up:
            metrics.STORE_UP.set(0)
            self._log_cause("find", error)

    def _log_cause(self, operation: str, error: Exception) -> None:
        """Our own words, else the kind of the error: texts of databases repeat values."""
        kind = type(getattr(error, "orig", None) or error).__name__
        cause = str(error) if isinstance(error, DataError) else kind
        LOG.error("store", up=self.breaker.up, operation=operation, cause=cause)
