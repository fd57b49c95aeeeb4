"""One participant's courses from an artifact: what `saldopas recommend` prints."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from saldopas.features.requests.batch import Request, RequestBatch, batch_of, request_moment
from saldopas.models.artifact.artifact import Artifact, load_artifact
from saldopas.models.explaining.wording import answer_reasons
from saldopas.models.policy.answers import answer_items
from saldopas.store.engine import store_errors
from saldopas.store.known_participants import ParticipantSource, PlanDays
from saldopas.store.participants import look_up_in


@dataclass(frozen=True)
class SingleRequest:
    """One request of the command line.

    Attributes:
        request: with what the store, else the snapshot, knows of the participant.
        batch: the same as a batch of one.
        days: of the participant, for plans.
        known: whether the store or the snapshot knows the participant.
    """

    request: Request
    batch: RequestBatch
    days: PlanDays
    known: bool


def single_request(
    artifact: Artifact,
    participant_id: str,
    *,
    balance_rp: int | None,
    count: int,
    as_of: datetime | None,
    store: str | None,
) -> SingleRequest:
    """The request that the service would make of the same participant.

    Args:
        artifact: a loaded artifact.
        participant_id: who asks.
        balance_rp: instead of the balance that is known.
        count: how many courses.
        as_of: the moment, by default what the dataset declares.
        store: URL, looked up where there is a store; None: the snapshot is all.

    Raises:
        DataError: the store does not answer.
    """
    manifest, courses = artifact.manifest, artifact.policy.courses
    source = ParticipantSource(artifact.snapshot, courses, artifact.vocabulary, manifest.dataset)
    found = None
    if store is not None:
        with store_errors(store):
            found = look_up_in(store, [participant_id])
    [person] = source.known([participant_id], found)
    moment_s = request_moment(
        manifest.dataset, as_of, cutoff_s=manifest.cutoff_s, now_s=int(time.time())
    )
    if balance_rp is not None:
        person = person._replace(balance_rp=balance_rp)
    request = Request(person, as_of_s=moment_s, count=count)
    return SingleRequest(
        request=request,
        batch=batch_of([request], n_items=courses.n_items, n_tokens=artifact.vocabulary.n_tokens),
        days=source.plan_days(participant_id, None if found is None else found[0]),
        known=person.participant_id is not None,
    )


def answer_one(
    model: Path,
    participant_id: str,
    *,
    balance_rp: int | None,
    n: int,
    as_of: datetime | None = None,
    explain: bool = False,
    store: str | None = None,
) -> dict[str, Any]:
    """The answer of the served policy.

    Args:
        model: directory of an artifact.
        participant_id, balance_rp, as_of, store: see `single_request`.
        n: how many courses.
        explain: with the reasons of each course.

    Raises:
        ArtifactError: the artifact is damaged.
        DataError: the store does not answer.
    """
    artifact = load_artifact(model)
    manifest, courses = artifact.manifest, artifact.policy.courses
    asked = single_request(
        artifact, participant_id, balance_rp=balance_rp, count=n, as_of=as_of, store=store
    )
    lists = artifact.policy.recommend(asked.batch)
    balance_rp = asked.request.balance_rp
    items: list[dict[str, Any]] = [
        {**item} for item in answer_items(lists, 0, courses, balance_rp=balance_rp)
    ]
    if explain:
        reasons = answer_reasons(
            artifact.policy, artifact.evidence, artifact.vocabulary, asked.batch, lists, 0
        )
        items = [{**item, "reasons": why} for item, why in zip(items, reasons, strict=True)]
    return {
        "participant_id": participant_id,
        "known": asked.known,
        "model": manifest.model,
        "currency": manifest.dataset.currency,
        "balance": balance_rp,
        "items": items,
    }
