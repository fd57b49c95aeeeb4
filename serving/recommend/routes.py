"""What each route does."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from saldopas.serving.http import metrics
from saldopas.serving.http.errors import ApiError, refusal
from saldopas.serving.http.json_body import read_json
from saldopas.serving.http.limits import Bound
from saldopas.serving.http.long_work import LongWork
from saldopas.serving.http.request_ids import new_request_id
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import LoadedModel, ModelSlot
from saldopas.serving.model.version import describe
from saldopas.serving.recommend.answers import answer_all
from saldopas.serving.recommend.schemas import BatchBody, RecommendBody, cost_of_value
from saldopas.serving.recommend.together import Together
from saldopas.serving.store.desk import StoreDesk
from starlette.requests import Request
from starlette.responses import Response

Body = TypeVar("Body", bound=BaseModel)
REQUEST_ID = "saldopas.request_id"  # key of the ASGI scope
COST_A_SECOND = 5_000  # see `schemas.RecommendBody.cost`; the less, the sooner batches are refused


class Routes:
    """The handlers; one object a process."""

    def __init__(
        self, slot: ModelSlot, settings: Settings, desk: StoreDesk, in_flight: Bound
    ) -> None:
        self._slot = slot
        self._settings = settings
        self._desk = desk
        self._together = Together(desk, in_flight)
        # one at a time; the more that wait, the fewer of them would end in time
        most = int(COST_A_SECOND * settings.timeout_s)
        self._one_batch = LongWork(1, most, "batch_work")
        self._batches = Bound(settings.max_batches, "batches")

    async def recommend(self, request: Request) -> Response:
        """One request, answered in the event loop with those that came with it; see `together`."""
        model = ready(self._slot)
        value = await read_json(request, most_bytes=self._settings.max_body_bytes)
        body = validated(RecommendBody, value)
        stored = await self._desk.find(body)
        answer = await self._together.answer(body, model, request.scope[REQUEST_ID], stored)
        _count([answer])
        return json_response(answer)

    async def recommend_batch(self, request: Request) -> Response:
        """Many requests, in a thread of their own so that single ones are not held up."""
        model = ready(self._slot)

        def work(batch: BatchBody) -> bytes:
            results = _results(batch.requests, model, self._desk, now_s=int(time.time()))
            _count(results)
            return to_bytes({"results": results})

        with self._batches:
            value = await read_json(request, most_bytes=self._settings.max_batch_body_bytes)
            batch = validated(BatchBody, value)
            cost = sum(cost_of_value(value) for value in batch.requests)
            content = await self._one_batch.do(lambda: work(batch), cost)
        return Response(content, media_type="application/json")

    async def version(self, request: Request) -> Response:
        """What is served."""
        return json_response(describe(ready(self._slot)))

    async def livez(self, request: Request) -> Response:
        """The process answers."""
        return json_response({"status": "alive"})

    async def readyz(self, request: Request) -> Response:
        """A verified artifact is loaded."""
        ready(self._slot)
        store = self._desk.state
        return json_response({"status": "ready"} | ({} if store is None else {"store": store}))

    async def metrics(self, request: Request) -> Response:
        """For Prometheus."""
        return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)


class JsonResponse(Response):
    """A response whose headers are written without the detours that other media types need."""

    media_type = "application/json"

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        """See `Response`."""
        self.raw_headers = [
            (b"content-length", b"%d" % len(self.body)),
            (b"content-type", b"application/json"),
        ]
        for name, value in (headers or {}).items():
            self.raw_headers.append((name.lower().encode("latin-1"), value.encode("latin-1")))


NOT_READY = {
    "starting": "the service is starting; try again soon",
    "no_model": "there is no model to serve; train and promote one",
    "model_refused": "the model did not pass its checks; the service's log says why",
}


def ready(slot: ModelSlot) -> LoadedModel:
    """The model that answers.

    Raises:
        ApiError: 503, there is none.
    """
    model = slot.model
    if model is None:
        raise ApiError(503, slot.reason, NOT_READY[slot.reason])
    return model


def to_bytes(value: Mapping[str, Any]) -> bytes:
    """Compact JSON; scores are finite, see `saldopas.models.recommenders.recommender`."""
    return orjson.dumps(value)


def json_response(
    value: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer."""
    return JsonResponse(to_bytes(value), status, headers)


def validated(schema: type[Body], value: Any) -> Body:
    """The body that `value` is.

    Raises:
        ApiError: 400 its shape is another, 422 a value is out of its range.
    """
    if not isinstance(value, dict):
        raise ApiError(400, "wrong_type", "a JSON object is wanted")
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        raise refusal(error, schema) from error


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
