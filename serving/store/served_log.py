"""Lists that were answered, on their way to the store: written in batches, beside the answers."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from prometheus_client import Counter
from saldopas.features.errors import DataError
from saldopas.features.requests.batch import RequestBatch
from saldopas.models.policy.policy import Recommendations, joined
from saldopas.serving.http.logs import LOG
from saldopas.serving.model.loaded import LoadedModel
from saldopas.serving.store.live import LiveStore
from saldopas.store.served.packing import Ragged, Shown
from saldopas.store.served.tables import write_shown
from sqlalchemy.exc import SQLAlchemyError

MOST_LISTS = 20_000
CELLS_AT_ONCE = 200_000  # lists times courses of one write, which bounds its scratch memory
EVERY_S = 1.0
SOONER = 500  # lists that wait: short pauses, often, hold answers up less than long ones, seldom
KEPT = Counter("saldopas_served_lists", "Served lists by what became of them.", ("result",))


class Answered(NamedTuple):
    """What a request was answered with; B lists of one model."""

    request_ids: Sequence[str]
    participant_ids: Sequence[str | None]
    at: Sequence[datetime]
    model: LoadedModel
    asked: RequestBatch
    found: Recommendations


class ServedLog:
    """A bounded buffer with one thread that empties it; what does not fit is counted and lost."""

    def __init__(self, store: LiveStore) -> None:
        self._store = store
        self._waiting: deque[Answered] = deque()
        self._n_lists = 0
        self._change = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="served-log", daemon=True)
        self._thread.start()

    def add(self, answered: Answered) -> None:
        """Keep lists until they are written."""
        size = len(answered.request_ids)
        with self._change:
            if self._n_lists + size > MOST_LISTS:
                KEPT.labels("dropped").inc(size)
                return
            self._waiting.append(answered)
            self._n_lists += size
            if self._n_lists >= SOONER > self._n_lists - size:
                self._change.notify()

    def close(self) -> None:
        """Write what is left and end."""
        with self._change:
            self._ending = True
            self._change.notify()
        self._thread.join(10)

    def _run(self) -> None:
        working = True
        while True:
            with self._change:
                if not self._ending and (self._n_lists < SOONER or not working):
                    self._change.wait(EVERY_S)
                ending, due = self._ending, self._n_lists
            working = self._write_oldest(due)
            if ending:
                return

    def _write_oldest(self, due: int) -> bool:
        """At least `due` lists, not what comes meanwhile: few at a time cost too much each.

        Returns:
            whether it worked.
        """
        while due > 0 and (taken := self._take()):
            if not self._write(taken):
                return False
            due -= sum(len(one.request_ids) for one in taken)
        return True

    def _take(self) -> list[Answered]:
        """Lists of one model, the oldest first."""
        taken: list[Answered] = []
        size = 0
        with self._change:
            while self._waiting and size * self._waiting[0].model.n_items < CELLS_AT_ONCE:
                if taken and self._waiting[0].model is not taken[0].model:
                    break
                taken.append(self._waiting.popleft())
                size += len(taken[-1].request_ids)
        return taken

    def _write(self, taken: list[Answered]) -> bool:
        """Whether it worked; else the lists wait for the next time, as one: it takes less room."""
        answered = _joined(taken)
        size, model = len(answered.request_ids), answered.model
        try:
            self._store.open()
            write_shown(
                self._store.engine,
                _shown(answered),
                fingerprint=model.fingerprint,
                course_ids=list(model.item_of),
            )
        except (SQLAlchemyError, DataError, OSError) as error:
            LOG.error("served log", written=False, cause=type(error).__name__)
            with self._change:
                self._waiting.appendleft(answered)
            return False
        except Exception as error:  # noqa: BLE001 - a fault of ours: those after them are kept
            LOG.error("served log", written=False, cause=type(error).__name__)
            self._gone(size, "dropped")
            return True
        self._gone(size, "written")
        return True

    def _gone(self, size: int, result: str) -> None:
        with self._change:
            self._n_lists -= size
        KEPT.labels(result).inc(size)


def answered_now(
    request_ids: Sequence[str],
    participant_ids: Sequence[str | None],
    model: LoadedModel,
    asked: RequestBatch,
    found: Recommendations,
) -> Answered:
    """What is to be logged of an answer that is made now."""
    at = [datetime.now(UTC)] * len(request_ids)
    return Answered(request_ids, participant_ids, at, model, asked, found)


def _joined(taken: Sequence[Answered]) -> Answered:
    """Lists of one model, at least one, in their order."""
    return Answered(
        [name for one in taken for name in one.request_ids],
        [name for one in taken for name in one.participant_ids],
        [at for one in taken for at in one.at],
        taken[0].model,
        RequestBatch.joined([one.asked for one in taken]),
        joined([one.found for one in taken]),
    )


def _shown(answered: Answered) -> Shown:
    """As they are written; what exploring could have shown is worked out here, not in a request."""
    model, asked, found = answered.model, answered.asked, answered.found
    policy = model.artifact.policy
    allowed = policy.allowed(asked).allowed
    pool = listed = None
    if policy.exploration is not None:
        ranked = model.unexplored.recommend(asked)
        listed = Ragged(ranked.indptr, ranked.item_idx)
        pool = allowed & policy.exploration.rarely_bought
        pool[np.repeat(np.arange(asked.n_rows), np.diff(ranked.indptr)), ranked.item_idx] = False
    return Shown(
        request_ids=answered.request_ids,
        participant_ids=answered.participant_ids,
        served_at=answered.at,
        model_version=model.version,
        feasible=allowed,
        courses=Ragged(found.indptr, found.item_idx),
        scores=found.scores,
        propensity=found.propensity,
        pool=pool,
        listed=listed,
    )
