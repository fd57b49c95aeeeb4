"""Lists that were answered, on their way to the store: written in batches, beside the answers."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError

from features.errors import DataError
from features.requests import RequestBatch
from features.store_served import Shown, write_shown
from models.policy import Recommendations
from serving.loaded import LoadedModel
from serving.logs import LOG
from serving.store.live import LiveStore

MOST_LISTS = 20_000
WRITE_AT_ONCE = 2_000
EVERY_S = 0.5
KEPT = Counter("saldopas_served_lists", "Served lists by what became of them.", ("result",))


@dataclass(frozen=True)
class Answered:
    """What a request was answered with; B lists of one model."""

    request_ids: Sequence[str]
    participant_ids: Sequence[str | None]
    at: datetime
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

    def close(self) -> None:
        """Write what is left and end."""
        with self._change:
            self._ending = True
            self._change.notify()
        self._thread.join(10)

    def _run(self) -> None:
        while True:
            with self._change:
                if not self._ending:
                    self._change.wait(EVERY_S)
                ending = self._ending
            while taken := self._take():
                if not self._write(taken):
                    break
            if ending:
                return

    def _take(self) -> list[Answered]:
        """Lists of one model, the oldest first."""
        taken: list[Answered] = []
        size = 0
        with self._change:
            while self._waiting and size < WRITE_AT_ONCE:
                if taken and self._waiting[0].model is not taken[0].model:
                    break
                taken.append(self._waiting.popleft())
                size += len(taken[-1].request_ids)
        return taken

    def _write(self, taken: list[Answered]) -> bool:
        """Whether it worked; else the lists wait for the next time."""
        size = sum(len(one.request_ids) for one in taken)
        model = taken[0].model
        try:
            self._store.open()
            lists = [shown for one in taken for shown in _shown(one)]
            ids = [str(name) for name in model.artifact.policy.courses.course_ids]
            write_shown(self._store.engine, lists, fingerprint=model.fingerprint, course_ids=ids)
        except (SQLAlchemyError, DataError, OSError) as error:
            LOG.error("served log", written=False, cause=type(error).__name__)
            with self._change:
                self._waiting.extendleft(reversed(taken))
            return False
        with self._change:
            self._n_lists -= size
        KEPT.labels("written").inc(size)
        return True


def answered_now(
    request_ids: Sequence[str],
    participant_ids: Sequence[str | None],
    model: LoadedModel,
    asked: RequestBatch,
    found: Recommendations,
) -> Answered:
    """What is to be logged of an answer that is made now."""
    return Answered(request_ids, participant_ids, datetime.now(UTC), model, asked, found)


def _shown(answered: Answered) -> list[Shown]:
    """As it is written; what exploring could have shown is worked out here, not in a request."""
    policy, found = answered.model.artifact.policy, answered.found
    allowed = policy.allowed(answered.asked).allowed
    exploration = policy.exploration
    ranked = None if exploration is None else replace(policy, exploration=None)
    listed = None if ranked is None else ranked.recommend(answered.asked)
    made = []
    for row, request_id in enumerate(answered.request_ids):
        place = found.row(row)
        pool = own = None
        if exploration is not None and listed is not None:
            own = listed.item_idx[listed.row(row)].tolist()
            pool = allowed[row] & exploration.rarely_bought
            pool[np.array(own, np.int64)] = False
        made.append(
            Shown(
                request_id=request_id,
                participant_id=answered.participant_ids[row],
                served_at=answered.at,
                model_version=answered.model.version,
                feasible=allowed[row],
                item_idx=found.item_idx[place].tolist(),
                scores=found.scores[place].tolist(),
                propensity=found.propensity[place].tolist(),
                pool=pool,
                listed=own,
            )
        )
    return made
