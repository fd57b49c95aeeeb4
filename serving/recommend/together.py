"""Requests of one turn of the event loop are answered as one batch.

A request that is alone waits for nobody. Where many arrive at once, arrays are made, machine code
is called and the log is fed once for all of them; a batch equals its single requests.
"""

from __future__ import annotations

import asyncio
import time
from itertools import accumulate, takewhile
from typing import Any, NamedTuple

from saldopas.serving.http.limits import Bound
from saldopas.serving.model.loaded import LoadedModel
from saldopas.serving.recommend.answers import answer_all
from saldopas.serving.recommend.schemas import RecommendBody
from saldopas.serving.store.desk import StoreDesk
from saldopas.store.participants import Found

MOST_COST = 64  # of one go: some milliseconds, which whoever asks something else waits for

Answer = dict[str, Any]


class _Waiting(NamedTuple):
    body: RecommendBody
    model: LoadedModel
    request_id: str
    stored: Found | None
    answer: asyncio.Future[Answer]


class Together:
    """One object a process.

    Args:
        desk: what is shown is logged there.
        in_flight: all requests that the process has accepted, those that arrived in this turn too.
    """

    def __init__(self, desk: StoreDesk, in_flight: Bound) -> None:
        self._desk = desk
        self._in_flight = in_flight
        self._waiting: list[_Waiting] = []

    async def answer(
        self, body: RecommendBody, model: LoadedModel, request_id: str, stored: Found | None
    ) -> Answer:
        """The answer to one request, as `answers.answer_all` makes it.

        Args:
            body: a validated body.
            model: what answers; only requests of the same one share a batch.
            request_id: name of the answer.
            stored: what the store says of who asks; None: there is no store, for nobody.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        one = _Waiting(body, model, request_id, stored, answer)
        if self._in_flight.now <= 1:
            self._settle([one])
        else:
            if not self._waiting:
                loop.call_soon(self._turn)
            self._waiting.append(one)
        return await answer

    def _turn(self) -> None:
        # whose time was up meanwhile is not waited for any more
        waiting = [one for one in self._waiting if not one.answer.done()]
        alike = list(takewhile(lambda one: one.model is waiting[0].model, waiting))
        costs = accumulate(one.body.cost for one in alike)
        size = max(sum(cost <= MOST_COST for cost in costs), 1)
        batch = alike[:size]
        self._waiting = waiting[len(batch) :]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._turn)
        try:
            self._settle(batch)
        except Exception:  # noqa: BLE001 - one of them is at fault: only that one is to fail
            for one in batch:
                try:
                    self._settle([one])
                except Exception as error:  # noqa: BLE001 - it is raised where it is awaited
                    one.answer.set_exception(error)

    def _settle(self, batch: list[_Waiting]) -> None:
        if not batch:
            return
        stored = [one.stored for one in batch if one.stored is not None]
        answers = answer_all(
            [one.body for one in batch],
            batch[0].model,
            request_ids=[one.request_id for one in batch],
            now_s=int(time.time()),
            stored=stored or None,
            desk=self._desk,
        )
        for one, answer in zip(batch, answers, strict=True):
            one.answer.set_result(answer)
