"""`POST /explain`: may this course be recommended, by which rules not, where it stands, and why."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from saldopas.features.encoding import masks
from saldopas.features.requests.batch import COUNT, RequestBatch
from saldopas.features.tables import columns as c
from saldopas.models.explaining.wording import answer_reasons
from saldopas.models.policy.answers import answer_items
from saldopas.models.policy.policy import SOURCES, Policy, Recommendations
from saldopas.serving.explain.schemas import ExplainBody, Explanation
from saldopas.serving.http import metrics
from saldopas.serving.http.bodies import json_response, read_body
from saldopas.serving.http.errors import ApiError
from saldopas.serving.http.operations import REQUEST_ID, Described, Operation
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import LoadedModel, ModelSlot
from saldopas.serving.recommend.requests import as_asked
from saldopas.serving.store.desk import StoreDesk
from saldopas.store.participants import NOBODY, Found
from starlette.requests import Request
from starlette.responses import Response

ANY = np.array([np.iinfo(np.int64).max])


class ExplainRoutes:
    """The handler; one object a process."""

    def __init__(self, slot: ModelSlot, settings: Settings, desk: StoreDesk) -> None:
        self._slot = slot
        self._settings = settings
        self._desk = desk
        described = Described(
            "One course for one participant",
            "Allowed or every rule that excludes it, its place among all allowed courses, its "
            "score and the reasons; `explain` and `n` change nothing.",
            Explanation,
            ExplainBody,
            settings.max_body_bytes,
            errors=(404, 503),
        )
        self.operations = (Operation("POST", "/explain", self.explain, ("recommend",), described),)

    async def explain(self, request: Request) -> Response:
        """One course for one participant."""
        model = self._slot.ready
        body = await read_body(request, ExplainBody, max_bytes=self._settings.max_body_bytes)
        stored = await self._desk.find(body)
        answer = explain_course(
            body,
            model,
            request_id=request.scope[REQUEST_ID],
            now_s=int(time.time()),
            stored=stored,
        )
        metrics.count_answer("explain", degraded=answer["degraded"])
        return json_response(answer)


def explain_course(
    body: ExplainBody,
    model: LoadedModel,
    *,
    request_id: str,
    now_s: int,
    stored: Found | None = None,
) -> dict[str, Any]:
    """As `explain_schemas.Explanation` describes it.

    Args:
        body: validated.
        model: what answers.
        request_id: names the answer.
        now_s: the clock, epoch seconds.
        stored: what the store says of who asks; None: there is no store.

    Raises:
        ApiError: 404, the catalogue does not have the course.
    """
    item = model.item_of.get(body.course_id)
    if item is None:
        raise ApiError(
            404, "unknown_course", "the catalogue does not have this course", field="course_id"
        )
    asked = as_asked([body], model, now_s=now_s, found=None if stored is None else [stored])
    batch, balance, artifact = asked.batch, asked.balances[0], model.artifact
    found = NOBODY if stored is None else stored
    rules = rules_against(item, body, batch, balance, model, found)
    place, ranked = _ranked(model.unexplored, batch, item)
    [course] = answer_items(ranked, 0, artifact.policy.courses, balance_rp=balance)
    [reasons] = answer_reasons(
        artifact.policy, artifact.evidence, artifact.vocabulary, batch, ranked, 0
    )
    after = course["balance_after"]
    return {
        "request_id": request_id,
        "model_version": model.version,
        "participant_id": body.participant_id,
        "balance": balance,
        "degraded": found.down,
        **course,
        "balance_after": None if after is None or after < 0 else after,
        "allowed": not rules,
        "rules": rules,
        "rank": place,
        "reasons": reasons,
    }


def rules_against(
    item: int,
    body: ExplainBody,
    batch: RequestBatch,
    balance_rp: int | None,
    model: LoadedModel,
    found: Found,
) -> list[dict[str, str]]:
    """Every rule that excludes a course, each by its own mask of `features.encoding.masks`.

    Args:
        item: item index of the course.
        body: what was asked; batch: (1 row) what it means.
        balance_rp: that was used; None: no limit.
        model: whose catalogue it is.
        found: what the store says of who asks.
    """
    courses = model.artifact.policy.courses
    card = courses.cards[item]
    currency = model.artifact.manifest.dataset.currency

    def kept_by(mask: masks.CandidateMask) -> bool:
        return bool(mask.allowed[0, item])

    def within(limit_rp: int | None) -> bool:
        return limit_rp is None or kept_by(masks.affordable(courses, np.array([limit_rp])))

    against: list[Said] = []
    if not within(balance_rp):
        over = money(card.price - (balance_rp or 0), currency)
        against.append(Said("above_balance", f"{over} di atas saldo", f"{over} above the balance"))
    if not within(body.max_price):
        over = money(card.price - (body.max_price or 0), currency)
        words = f"{over} di atas harga tertinggi", f"{over} above the highest price wanted"
        against.append(Said("above_max_price", *words))
    if not kept_by(masks.outside(batch.owned)):
        against.append(CANCELLED if _was_cancelled(body, model, found) else BOUGHT)
    if not kept_by(masks.on_sale(courses, batch.as_of_s)):
        against.append(NOT_ON_SALE)
    if not kept_by(masks.eligible(courses, batch.age_at_least, ANY)):
        age = int(courses.min_age[item])
        words = f"Untuk usia {age} tahun ke atas", f"For people aged {age} or older"
        against.append(Said("min_age", *words))
    if not kept_by(masks.eligible(courses, ANY, batch.education_at_least)):
        level = courses.values(c.MIN_EDUCATION)[item]
        words = f"Pendidikan minimal {level}", f"Minimum education: {level}"
        against.append(Said("min_education", *words))
    if not kept_by(masks.outside(batch.excluded)):
        if body.course_id in (body.exclude or ()):
            against.append(EXCLUDED)
        if body.category is not None and card.category != body.category:
            against.append(OTHER_CATEGORY)
    return [{"code": one.code, "message": one.text, "message_en": one.en} for one in against]


@dataclass(frozen=True)
class Said:
    """A rule in words."""

    code: str
    text: str
    en: str


BOUGHT = Said("already_bought", "Sudah kamu ambil", "You took it already")
CANCELLED = Said(
    "cancelled_before",
    "Pernah kamu batalkan; tidak bisa dibeli lagi",
    "You cancelled it; it cannot be bought again",
)
NOT_ON_SALE = Said("not_on_sale", "Tidak dijual saat ini", "Not on sale at this moment")
EXCLUDED = Said("excluded", "Kamu minta tidak ditampilkan", "You asked to leave it out")
OTHER_CATEGORY = Said("other_category", "Bukan kategori yang kamu pilih", "Of another category")


def money(amount: int, currency: str) -> str:
    """Whole units with dots, as people in Indonesia write them: Rp20.000."""
    sign = "Rp" if currency == "IDR" else f"{currency} "
    return f"{sign}{amount:,}".replace(",", ".")


def _was_cancelled(body: ExplainBody, model: LoadedModel, found: Found) -> bool:
    """Whether the only reason why the course is owned is a purchase that was cancelled."""
    if body.participant_id is None or body.course_id in (body.purchased or ()):
        return False
    person = found.participant or model.participants.seed(body.participant_id)
    of_it = [one for one in person.purchases if one.course_id == body.course_id] if person else []
    return bool(of_it) and not any(one.kept for one in of_it)


def _ranked(policy: Policy, batch: RequestBatch, item: int) -> tuple[int | None, Recommendations]:
    """The place of a course among all that are allowed, and the course alone as a list."""
    everything = policy.recommend(batch.with_terms({COUNT: policy.courses.n_items}))
    places = np.flatnonzero(everything.item_idx == item)
    if len(places) == 0:
        return None, _scored(policy, batch, item)
    at = slice(places[0], places[0] + 1)
    alone = Recommendations(
        indptr=np.array([0, 1]),
        item_idx=everything.item_idx[at],
        scores=everything.scores[at],
        source=everything.source[at],
    )
    return int(places[0]) + 1, alone


def _scored(policy: Policy, batch: RequestBatch, item: int) -> Recommendations:
    """A course that no list has, scored as if one did: by the first stage that knows it."""
    for stage in policy.stages:
        if not stage.answers(batch.participants)[0]:
            continue
        score = policy.scores(stage, batch)[0, item]
        source = SOURCES.index(stage.source)
        if score != 0:
            break
    return Recommendations(
        indptr=np.array([0, 1]),
        item_idx=np.array([item]),
        scores=np.array([score], np.float32),
        source=np.array([source], np.int8),
    )
