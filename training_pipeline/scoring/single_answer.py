"""One participant's courses from an artifact: what `saldopas recommend` prints."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any

from saldopas.features.requests.batch import build_requests, request_moment
from saldopas.models.artifact.artifact import load_artifact
from saldopas.models.explaining.wording import answer_reasons
from saldopas.models.policy.answers import answer_items


def answer_one(
    model: Path,
    participant_id: str,
    *,
    balance_rp: int | None,
    n: int,
    as_of: datetime | None = None,
    explain: bool = False,
) -> dict[str, Any]:
    """The answer of the served policy; `known` says whether the snapshot holds the participant.

    Raises:
        ArtifactError: the artifact is damaged.
    """
    artifact = load_artifact(model)
    manifest, courses = artifact.manifest, artifact.policy.courses
    rows = artifact.snapshot.rows_of([participant_id])
    moment_s = request_moment(
        manifest.dataset, as_of, cutoff_s=manifest.cutoff_s, now_s=int(time.time())
    )
    known = artifact.known(rows)
    if balance_rp is not None:
        known = known.with_balances([balance_rp])
    elif known.has_balance[0]:
        balance_rp = int(known.balance_rp[0])
    request = build_requests(known, as_of_s=moment_s, count=n)
    lists = artifact.policy.recommend(request)
    items: list[dict[str, Any]] = [
        {**item} for item in answer_items(lists, 0, courses, balance_rp=balance_rp)
    ]
    if explain:
        reasons = answer_reasons(
            artifact.policy, artifact.evidence, artifact.vocabulary, request, lists, 0
        )
        items = [{**item, "reasons": why} for item, why in zip(items, reasons, strict=True)]
    return {
        "participant_id": participant_id,
        "known": bool(rows[0] >= 0),
        "model": manifest.model,
        "currency": manifest.dataset.currency,
        "balance": balance_rp,
        "items": items,
    }
