"""`POST /plan`: sets of courses that fit one balance and its deadlines, in an order."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from saldopas.models.planner.answer import looked_ahead, plans_answer
from saldopas.models.planner.planning import MOST_BALANCE, Planning, PlanWish
from saldopas.models.planner.problem import PlanRefusedError
from saldopas.serving.http import metrics
from saldopas.serving.http.bodies import json_response, read_body
from saldopas.serving.http.errors import ApiError
from saldopas.serving.http.operations import REQUEST_ID, Described, Operation
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import LoadedModel, ModelSlot
from saldopas.serving.plan.schemas import PlanBody, PlansAnswer
from saldopas.serving.recommend.requests import as_asked
from saldopas.serving.store.desk import StoreDesk
from saldopas.store.known_participants import PlanDays
from saldopas.store.participants import Found
from starlette.requests import Request
from starlette.responses import Response

NO_BALANCE = "no balance is known: give one"


class PlanRoutes:
    """The handler; one object a process."""

    def __init__(self, slot: ModelSlot, settings: Settings, desk: StoreDesk) -> None:
        self._slot = slot
        self._settings = settings
        self._desk = desk
        described = Described(
            "Sets of courses that fit one balance",
            "Up to three plans, each a list of courses in order that fits the balance and can be "
            "finished in time; the best match, the least left over and what lies between.",
            PlansAnswer,
            PlanBody,
            settings.max_body_bytes,
        )
        self.operations = (Operation("POST", "/plan", self.plan, ("recommend",), described),)
        self._planning: tuple[LoadedModel, Planning] | None = None

    async def plan(self, request: Request) -> Response:
        """Answered in the event loop: it takes a millisecond or two."""
        model = self._slot.ready
        body = await read_body(request, PlanBody, max_bytes=self._settings.max_body_bytes)
        stored = await self._desk.find(body)
        planning = self._planning_of(model)
        answer = plan_answer(body, model, planning, now_s=int(time.time()), stored=stored)
        metrics.count_answer("plan", degraded=answer["degraded"])
        named = {"request_id": request.scope[REQUEST_ID], "model_version": model.version}
        return json_response(named | answer)

    def _planning_of(self, model: LoadedModel) -> Planning:
        """Made once for each model that is served."""
        if self._planning is None or self._planning[0] is not model:
            self._planning = (model, planning_of(model))
        return self._planning[1]


def planning_of(model: LoadedModel) -> Planning:
    """Plans over what is loaded."""
    artifact = model.artifact
    return Planning(artifact.policy, artifact.calibration, artifact.manifest.dataset)


def plan_answer(
    body: PlanBody,
    model: LoadedModel,
    planning: Planning,
    *,
    now_s: int,
    stored: Found | None,
) -> dict[str, Any]:
    """As `PlansAnswer` describes it, but for the names of request and model.

    Raises:
        ApiError: 422, no balance is known, or what must be in cannot be.
    """
    asked = as_asked([body], model, now_s=now_s, found=None if stored is None else [stored])
    balance = asked.balances[0]
    if balance is None:
        raise ApiError(422, "out_of_range", NO_BALANCE, field="balance")
    if balance > MOST_BALANCE:
        raise ApiError(422, "out_of_range", f"plans are for at most {MOST_BALANCE}",
                       field="balance")  # fmt: skip
    today = planning.day_of(int(asked.batch.as_of_s[0]))
    known = model.participants.plan_days(body.participant_id, stored)
    wish = _wish(body, balance, known, model, planning, today)
    try:
        problem = planning.asked(asked.batch, wish)
        answer = plans_answer(planning, problem)
        ahead = None
        if body.rank_by is not None:
            ahead = looked_ahead(planning, problem, n=body.n or 5, by_plan=body.rank_by == "plan")
    except PlanRefusedError as error:
        raise ApiError(422, error.reason, str(error), field="must_include") from error
    return {
        "participant_id": body.participant_id,
        "balance": balance,
        "degraded": stored is not None and stored.down,
        **answer,
        "courses": ahead,
    }


def _wish(
    body: PlanBody,
    balance: int,
    known: PlanDays,
    model: LoadedModel,
    planning: Planning,
    today: date,
) -> PlanWish:
    """What is asked for; an explicit `purchased` wins over what is known of the purchases."""
    announced = _day(body.announced_at, planning.zone) or known.announced
    if body.purchased is not None:
        known = PlanDays()
    return PlanWish(
        balance_rp=balance,
        max_courses=body.max_courses or 8,
        must_include=_must(body, model),
        max_per_category=body.max_per_category,
        finish_by=None if body.horizon is None else today + timedelta(days=body.horizon - 1),
        announced=None if body.purchased else announced,
        last_rated=_day(body.last_rated_at, planning.zone) or known.last_rated,
        last_bought=known.last_bought,
    )


def _must(body: PlanBody, model: LoadedModel) -> tuple[int, ...]:
    items = [model.item_of.get(course_id) for course_id in dict.fromkeys(body.must_include or ())]
    known = tuple(item for item in items if item is not None)
    if len(known) < len(items):
        raise ApiError(
            422,
            "must_include_unknown",
            "a course that must be in is not known",
            field="must_include",
        )
    return known


def _day(moment: datetime | None, zone: ZoneInfo) -> date | None:
    if moment is None:
        return None
    return moment.astimezone(zone).date() if moment.tzinfo else moment.date()
