"""What the routes ask of the store, whether there is one or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from saldopas.models.policy.policy import Recommendations
from saldopas.serving.http.errors import no_store
from saldopas.serving.http.limits import LongWork
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import LoadedModel
from saldopas.serving.recommend.requests import Asked
from saldopas.serving.recommend.schemas import RecommendBody
from saldopas.serving.store.live import LiveStore
from saldopas.serving.store.served_log import ServedLog, answered_now
from saldopas.store.participants import NOBODY, Found

PATIENT_S = 1.0  # where nothing else could answer
Result = TypeVar("Result")


class StoreDesk:
    """Opens with the service and closes with it; one object a process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store: LiveStore | None = None
        self._served: ServedLog | None = None
        self._writing: LongWork | None = None

    def open(self) -> None:
        """Open the store, where one is set; one that does not answer now may do so later."""
        if self._settings.store is None or self._store is not None:
            return
        self._store = LiveStore(self._settings.store, timeout_ms=self._settings.store_timeout_ms)
        self._store.try_open()
        most = self._settings.max_in_flight
        self._writing = LongWork(self._store.writers, most, "writing")
        if self._settings.log_served:
            self._served = ServedLog(self._store)

    def close(self) -> None:
        """Write what waits, and let the store go."""
        if self._served is not None:
            self._served.close()
        if self._writing is not None:
            self._writing.end()
        if self._store is not None:
            self._store.close()
        self._store = self._served = self._writing = None

    @property
    def state(self) -> str | None:
        """`up`, `down`, or None where there is no store."""
        if self._store is None:
            return None
        return "up" if self._store.breaker.up else "down"

    @property
    def store(self) -> LiveStore:
        """The store.

        Raises:
            ApiError: 503, there is none.
        """
        if self._store is None:
            raise no_store()
        return self._store

    async def write(self, work: Callable[[], Result]) -> Result:
        """Do `work` in a thread, no more at a time than the store can take; see `LongWork`.

        Raises:
            ApiError: 429, too many wait; 503, there is no store.
        """
        if self._writing is None:
            raise no_store()
        return await self._writing.do(work)

    async def find_one(self, participant_id: str) -> Found:
        """What the store says of a participant, patiently; nothing where there is no store."""
        if self._store is None:
            return NOBODY
        return await self._store.find(participant_id, within_s=PATIENT_S)

    async def find(self, body: RecommendBody) -> Found | None:
        """What the store says of who asks; None where there is no store."""
        if self._store is None:
            return None
        if body.participant_id is None:
            return NOBODY
        return await self._store.find(body.participant_id)

    def find_many(self, bodies: Sequence[RecommendBody]) -> list[Found] | None:
        """As `find`, in a thread."""
        if self._store is None:
            return None
        ids = [body.participant_id for body in bodies]
        found = self._store.find_many(sorted({name for name in ids if name is not None}))
        return [NOBODY if name is None else found[name] for name in ids]

    def log_served(
        self,
        request_ids: Sequence[str],
        bodies: Sequence[RecommendBody],
        model: LoadedModel,
        asked: Asked,
        found: Recommendations,
    ) -> None:
        """Remember what was answered."""
        if self._served is not None:
            ids = [body.participant_id for body in bodies]
            self._served.add(answered_now(request_ids, ids, model, asked.batch, found))
