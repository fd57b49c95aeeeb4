"""`GET` and `DELETE /participants/{id}`: what the service knows of somebody, and forgetting."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from saldopas.features.tables import columns as c
from saldopas.serving.events.schemas import ErasedAnswer, ParticipantAnswer
from saldopas.serving.http.bodies import json_response
from saldopas.serving.http.errors import ApiError, store_down
from saldopas.serving.http.operations import Described, Operation
from saldopas.serving.model.loaded import LoadedModel, ModelSlot
from saldopas.serving.recommend.schemas import LONGEST_ID, NO_NUL
from saldopas.serving.store.desk import StoreDesk
from saldopas.store.event_rules import cancel_days, deadlines, left_rp
from saldopas.store.participants import Bought, Found
from starlette.requests import Request
from starlette.responses import Response

UNKNOWN = ApiError(404, "unknown_participant", "neither the store nor the model knows this id")


class ParticipantRoutes:
    """The handlers; one object a process."""

    def __init__(self, slot: ModelSlot, desk: StoreDesk) -> None:
        self._slot = slot
        self._desk = desk
        path = "/participants/{participant_id:path}"
        self.operations = (
            Operation("GET", path, self.participant, ("events", "admin"), SHOWN),
            Operation("DELETE", path, self.erase_participant, ("admin",), ERASURE),
        )

    async def participant(self, request: Request) -> Response:
        """Balance, history and deadlines."""
        model, participant_id = self._slot.ready, _id_of(request)
        found = await self._desk.find_one(participant_id)
        if found.down:
            raise store_down()
        return json_response(describe_participant(participant_id, found, model))

    async def erase_participant(self, request: Request) -> Response:
        """Forget a participant, known or not."""
        store, participant_id = self._desk.store, _id_of(request)
        rows = await self._desk.write(lambda: store.erase(participant_id))
        return json_response({"erased": True, "rows": rows, "artifacts": "pending"})


ID_PARAMETER = {
    "name": "participant_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_ID},
}
SHOWN = Described(
    "A participant as the service sees them",
    "Balance, history and deadlines, from the store, else from the model's snapshot.",
    ParticipantAnswer,
    parameters=(ID_PARAMETER,),
    errors=(404, 422, 503),
)
ERASURE = Described(
    "Forget a participant",
    "At once, in every worker, known or not: the store's rows go, and what the model's snapshot "
    "says is read no more.",
    ErasedAnswer,
    parameters=(ID_PARAMETER,),
    errors=(404, 422, 503),
)


def describe_participant(participant_id: str, found: Found, model: LoadedModel) -> dict[str, Any]:
    """As `ParticipantAnswer` describes it.

    Raises:
        ApiError: 404, nobody knows the participant, or they were erased.
    """
    if found.erased:
        raise UNKNOWN
    person = found.participant or model.participants.seed(participant_id)
    if person is None:
        raise UNKNOWN
    config = model.artifact.manifest.dataset
    until = deadlines(person, config)
    return {
        "participant_id": participant_id,
        "known_from": "snapshot" if found.participant is None else "store",
        "balance": left_rp(person, config),
        "grant": config.rules.grant if person.grant_rp is None else person.grant_rp,
        "opted_out": person.opted_out,
        "announced_at": _text(person.announced_at),
        "profile": {} if person.opted_out else dict(person.profile),
        "history": [_item(one, model) for one in person.purchases],
        "deadlines": {
            "first_purchase": _text(until.first_purchase),
            "next_purchase": _text(until.next_purchase),
            "last_spending_day": _text(until.last_spending_day),
            "buy_until": _text(until.buy_until),
        },
    }


def _item(one: Bought, model: LoadedModel) -> dict[str, Any]:
    courses, item = model.artifact.policy.courses, model.item_of.get(one.course_id)
    config = model.artifact.manifest.dataset
    until = cancel_days(one, config) if one.status == c.ACTIVE else None
    return {
        "course_id": one.course_id,
        "title": None if item is None else courses.texts(c.TITLE)[item],
        "category": None if item is None else courses.texts(c.CATEGORY)[item],
        "purchased_at": one.at.isoformat(),
        "price_paid": one.price_rp,
        "status": one.status,
        "rating": one.rating,
        "ended_at": _text(one.ended_at),
        "cancel_until": None if until is None else until.earliest.isoformat(),
    }


def _text(moment: date | None) -> str | None:
    return None if moment is None else str(moment.isoformat())


def _id_of(request: Request) -> str:
    participant_id: str = request.path_params["participant_id"]
    if not participant_id:
        raise ApiError(404, "not_found", "there is no such route; see /docs.json")
    if len(participant_id) > LONGEST_ID:
        raise ApiError(
            422, "out_of_range", f"at most {LONGEST_ID} characters", field="participant_id"
        )
    if not re.match(NO_NUL, participant_id):
        raise ApiError(422, "out_of_range", "no NUL character", field="participant_id")
    return participant_id
