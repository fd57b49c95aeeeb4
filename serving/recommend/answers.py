"""The one way from bodies to answers; a single request is a batch of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from saldopas.features.requests.batch import RequestBatch
from saldopas.models.explaining.wording import ReasonAnswer, answer_reasons
from saldopas.models.policy.answers import answer_items
from saldopas.models.policy.policy import Recommendations
from saldopas.serving.model.loaded import LoadedModel
from saldopas.serving.recommend.requests import as_asked
from saldopas.serving.recommend.schemas import RecommendBody
from saldopas.serving.store.desk import StoreDesk
from saldopas.store.participants import Found


def answer_all(
    bodies: Sequence[RecommendBody],
    model: LoadedModel,
    *,
    request_ids: Sequence[str],
    now_s: int,
    stored: Sequence[Found] | None = None,
    desk: StoreDesk | None = None,
) -> list[dict[str, Any]]:
    """One answer a body, in order, as `schemas.Answer` describes it.

    Args:
        bodies: B validated bodies, at least one.
        model: what answers.
        request_ids: (B,) names of the answers.
        now_s: the clock, epoch seconds.
        stored: (B,) what the store says of who asks; None: there is no store.
        desk: what is shown is logged there.
    """
    asked = as_asked(bodies, model, now_s=now_s, found=stored)
    found = model.artifact.policy.recommend(asked.batch)
    answers = [
        {
            "request_id": request_ids[row],
            "model_version": model.version,
            "participant_id": body.participant_id,
            "balance": asked.balances[row],
            "degraded": stored is not None and stored[row].down,
            "items": _items(body, asked.balances[row], found, row, asked.batch, model),
        }
        for row, body in enumerate(bodies)
    ]
    if desk is not None:
        desk.log_served(request_ids, bodies, model, asked, found)
    return answers


def _items(
    body: RecommendBody,
    balance: int | None,
    found: Recommendations,
    row: int,
    asked: RequestBatch,
    model: LoadedModel,
) -> list[dict[str, Any]]:
    artifact = model.artifact
    items = answer_items(found, row, artifact.policy.courses, balance_rp=balance)
    reasons: list[list[ReasonAnswer]] = [[] for _ in items]
    if body.explain:
        request = asked.take(np.array([row]))
        reasons = answer_reasons(
            artifact.policy, artifact.evidence, artifact.vocabulary, request, found, row
        )
    return [{**item, "reasons": why} for item, why in zip(items, reasons, strict=True)]
