"""`POST /events`: what participants did, on the disk before it is acknowledged."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from saldopas.features.requests.batch import request_moment
from saldopas.features.seconds import DAY_S, END_S
from saldopas.serving.events.recording import Event, World
from saldopas.serving.events.schemas import EventBody, EventsAnswer, EventsBody
from saldopas.serving.http import metrics
from saldopas.serving.http.bodies import json_response, read_body, validated
from saldopas.serving.http.errors import ApiError
from saldopas.serving.http.operations import Described, Operation
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import LoadedModel, ModelSlot
from saldopas.serving.store.desk import StoreDesk
from saldopas.serving.store.live import LiveStore
from starlette.requests import Request
from starlette.responses import Response

AHEAD_S = DAY_S  # that a clock of a sender may be ahead


class EventRoutes:
    """The handler; one object a process."""

    def __init__(self, slot: ModelSlot, settings: Settings, desk: StoreDesk) -> None:
        self._slot = slot
        self._settings = settings
        self._desk = desk
        described = Described(
            "What participants did",
            "Up to 1000 events, judged one by one by the scheme's rules. The answer comes only "
            "after what was accepted is on the disk; sending it again changes nothing.",
            EventsAnswer,
            EventsBody,
            settings.max_batch_body_bytes,
        )
        self.operations = (Operation("POST", "/events", self.events, ("events",), described),)

    async def events(self, request: Request) -> Response:
        """Record events."""
        model, store = self._slot.ready, self._desk.store
        max_bytes = self._settings.max_batch_body_bytes
        body = await read_body(request, EventsBody, max_bytes=max_bytes)

        def work() -> dict[str, Any]:
            return record_events(body.events, model, store, now_s=int(time.time()))

        return json_response(await self._desk.write(work))


def record_events(
    values: Sequence[Any], model: LoadedModel, store: LiveStore, *, now_s: int
) -> dict[str, Any]:
    """As `EventsAnswer` describes it.

    Raises:
        ApiError: 503, nothing was recorded.
    """
    rejected: list[dict[str, Any]] = []
    places: list[int] = []
    events: list[Event] = []
    for place, value in enumerate(values):
        try:
            events.append(_event(validated(EventBody, value), model, now_s=now_s))
            places.append(place)
        except ApiError as error:
            rejected.append({"place": place, "error": error.body["error"]})
    accepted = repeated = 0
    if events:
        outcome = store.record(events, world_of(model))
        accepted, repeated = outcome.accepted, outcome.repeated
        rejected += [
            {
                "place": places[place],
                "error": {"code": why.code, "message": why.message, "field": why.field},
            }
            for place, why in outcome.rejected
        ]
    metrics.EVENTS.labels("accepted").inc(accepted)
    metrics.EVENTS.labels("repeated").inc(repeated)
    metrics.EVENTS.labels("rejected").inc(len(rejected))
    rejected.sort(key=lambda one: int(one["place"]))
    return {"accepted": accepted, "repeated": repeated, "rejected": rejected}


def world_of(model: LoadedModel) -> World:
    """The catalogue, rules and snapshot that events are judged by."""
    return World(
        config=model.artifact.manifest.dataset,
        price_of=model.price_of,
        seed_of=model.participants.seed,
    )


def _event(body: EventBody, model: LoadedModel, *, now_s: int) -> Event:
    sent = body.model_dump(mode="json", exclude_none=True)
    content = orjson.dumps(sent, option=orjson.OPT_SORT_KEYS)
    manifest = model.artifact.manifest

    def moment(given: datetime | None) -> datetime:
        if given is not None and given.tzinfo is not None:
            return given.astimezone(UTC)
        seconds = request_moment(manifest.dataset, given, cutoff_s=manifest.cutoff_s, now_s=now_s)
        return datetime.fromtimestamp(seconds, UTC)

    at = moment(body.at)
    starts_at = None if body.starts_at is None else moment(body.starts_at)
    if not 0 <= at.timestamp() <= max(now_s, manifest.cutoff_s) + AHEAD_S:
        raise ApiError(422, "out_of_range", "before 1970, or not yet", field="at")
    if starts_at is not None and not at.timestamp() <= starts_at.timestamp() < END_S:
        raise ApiError(422, "out_of_range", "before the purchase, or after 2100", field="starts_at")
    return Event(
        event_id=body.event_id,
        kind=body.kind,
        participant_id=body.participant_id,
        course_id=body.course_id,
        at=at,
        content=hashlib.blake2b(content, digest_size=16).hexdigest(),
        price_rp=body.price,
        rating=body.rating,
        request_id=body.request_id,
        starts_at=starts_at,
    )
