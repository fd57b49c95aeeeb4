"""The one way from bodies to answers; a single request is a batch of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from models.answers import answer_items
from models.policy import Recommendations, Source
from serving.loaded import LoadedModel
from serving.requests import as_asked
from serving.schemas import RecommendBody

REASONS: Final[dict[Source, str]] = {
    "history": "Dipilih peserta dengan riwayat pembelian serupa",
    "profile": "Dipilih peserta dengan profil serupa",
    "popular": "Dipilih peserta lain",
}


def answer_all(
    bodies: Sequence[RecommendBody],
    model: LoadedModel,
    *,
    request_ids: Sequence[str],
    now_s: int,
) -> list[dict[str, Any]]:
    """One answer a body, in order, as `schemas.Answer` describes it.

    Args:
        bodies: B validated bodies, at least one.
        model: what answers.
        request_ids: (B,) names of the answers.
        now_s: the clock, epoch seconds.
    """
    asked = as_asked(bodies, model, now_s=now_s)
    found = model.artifact.policy.recommend(asked.batch)
    return [
        {
            "request_id": request_ids[row],
            "model_version": model.version,
            "participant_id": body.participant_id,
            "balance": asked.balances[row],
            "items": _items(body, asked.balances[row], found, row, model),
        }
        for row, body in enumerate(bodies)
    ]


def _items(
    body: RecommendBody,
    balance: int | None,
    found: Recommendations,
    row: int,
    model: LoadedModel,
) -> list[dict[str, Any]]:
    items = answer_items(found, row, model.artifact.policy.courses, balance_rp=balance)
    return [
        {**item, "reasons": _reasons(item["source"], item["score"]) if body.explain else []}
        for item in items
    ]


def _reasons(source: Source, score: float) -> list[dict[str, str]]:
    """What is true of every course of this source; nothing where the model knows nothing."""
    return [{"code": source, "text": REASONS[source]}] if score > 0 else []
