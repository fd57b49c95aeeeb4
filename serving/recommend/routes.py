"""`POST /recommend` and `POST /recommend_batch`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from saldopas.serving.http import metrics
from saldopas.serving.http.bodies import json_response, read_body, validated
from saldopas.serving.http.errors import ApiError
from saldopas.serving.http.limits import Bound, LongWork
from saldopas.serving.http.operations import REQUEST_ID, Described, Operation, new_request_id
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import LoadedModel, ModelSlot
from saldopas.serving.recommend import schemas
from saldopas.serving.recommend.answers import answer_all
from saldopas.serving.recommend.schemas import BatchBody, RecommendBody, cost_of_value
from saldopas.serving.store.desk import StoreDesk
from starlette.requests import Request
from starlette.responses import Response

COST_A_SECOND = 5_000  # see `schemas.RecommendBody.cost`; the less, the sooner batches are refused


class RecommendRoutes:
    """The handlers; one object a process."""

    def __init__(self, slot: ModelSlot, settings: Settings, desk: StoreDesk) -> None:
        self._slot = slot
        self._settings = settings
        self._desk = desk
        # one batch at a time; the more of them wait, the fewer end in time
        max_cost = int(COST_A_SECOND * settings.timeout_s)
        self._one_batch = LongWork(1, max_cost, "batch_work")
        self._batches = Bound(settings.max_batches, "batches")
        self.operations = (
            Operation(
                "POST",
                "/recommend",
                self.recommend,
                ("recommend",),
                Described(
                    "Courses for one participant",
                    "Exactly min(n, allowed) courses, best first. Known to the model: ranked by "
                    "the snapshot's history and profile. Nothing known: popular courses, and "
                    "`source` says so.",
                    schemas.Answer,
                    RecommendBody,
                    settings.max_body_bytes,
                ),
            ),
            Operation(
                "POST",
                "/recommend_batch",
                self.recommend_batch,
                ("recommend",),
                Described(
                    "Courses for up to 1000 participants",
                    "Each result is what /recommend answers to that request; a bad one gets an "
                    "error in its place and the others their answers.",
                    schemas.BatchAnswer,
                    BatchBody,
                    settings.max_batch_body_bytes,
                ),
            ),
        )

    async def recommend(self, request: Request) -> Response:
        """Answer one request in the event loop: it takes a fraction of a millisecond."""
        model = self._slot.ready
        body = await read_body(request, RecommendBody, max_bytes=self._settings.max_body_bytes)
        stored = await self._desk.find(body)
        [answer] = answer_all(
            [body],
            model,
            request_ids=[request.scope[REQUEST_ID]],
            now_s=int(time.time()),
            stored=None if stored is None else [stored],
            desk=self._desk,
        )
        _count([answer])
        return json_response(answer)

    async def recommend_batch(self, request: Request) -> Response:
        """Answer many requests in a thread, so that single ones are not held up."""
        model = self._slot.ready

        def work(batch: BatchBody) -> Response:
            results = _results(batch.requests, model, self._desk, now_s=int(time.time()))
            _count(results)
            return json_response({"results": results})

        with self._batches:
            max_bytes = self._settings.max_batch_body_bytes
            batch = await read_body(request, BatchBody, max_bytes=max_bytes)
            cost = sum(cost_of_value(value) for value in batch.requests)
            return await self._one_batch.do(lambda: work(batch), cost)


def _results(
    values: Sequence[Any], model: LoadedModel, desk: StoreDesk, *, now_s: int
) -> list[Any]:
    """Answers and errors in the order of `values`; the good ones go to the policy together."""
    results: list[Any] = [None] * len(values)
    bodies: dict[int, RecommendBody] = {}
    for place, value in enumerate(values):
        try:
            bodies[place] = validated(RecommendBody, value)
        except ApiError as error:
            results[place] = error.body
    if bodies:
        ids = [new_request_id() for _ in bodies]
        asked = list(bodies.values())
        stored = desk.find_many(asked)
        answers = answer_all(asked, model, request_ids=ids, now_s=now_s, stored=stored, desk=desk)
        for place, answer in zip(bodies, answers, strict=True):
            results[place] = answer
    return results


def _count(results: Sequence[Mapping[str, Any]]) -> None:
    for result in results:
        if "error" in result:
            metrics.REFUSED_IN_BATCH.labels(result["error"]["code"]).inc()
        else:
            items = result["items"]
            source = items[0]["source"] if items else "none"
            metrics.count_answer(source, degraded=result["degraded"])
