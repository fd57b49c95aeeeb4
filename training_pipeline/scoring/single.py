"""One participant's courses and plans from an artifact: what `recommend` and `plan` print."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from saldopas.features.errors import DataError
from saldopas.features.requests.batch import Request, RequestBatch, batch_of, request_moment
from saldopas.models.artifact.artifact import Artifact, load_artifact
from saldopas.models.explaining.wording import answer_reasons
from saldopas.models.planner.answer import looked_ahead, plans_answer
from saldopas.models.planner.planning import MOST_BALANCE, Planning, PlanWish
from saldopas.models.planner.problem import PlanRefusedError
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


@dataclass(frozen=True)
class PlanOptions:
    """What is asked of the plans.

    Attributes:
        max_courses: of one plan.
        must_include: course ids that are in every plan.
        max_per_category: None for no limit.
        horizon: days by whose end all is finished, today counted.
        announced: day of the announcement, instead of the one that is known.
        rank_by: list single courses too, in this order.
    """

    max_courses: int = 8
    must_include: Sequence[str] = ()
    max_per_category: int | None = None
    horizon: int | None = None
    announced: date | None = None
    rank_by: Literal["plan", "relevance"] | None = None


def plan_one(
    model: Path,
    participant_id: str,
    *,
    balance_rp: int | None,
    options: PlanOptions = PlanOptions(),
    n: int = 5,
    as_of: datetime | None = None,
    store: str | None = None,
) -> dict[str, Any]:
    """The answer of `POST /plan`; `known` says whether store or snapshot holds the participant.

    Args:
        model: directory of an artifact.
        participant_id, balance_rp, as_of, store: see `single_request`.
        options: what is asked of the plans.
        n: how many single courses.

    Raises:
        ArtifactError: the artifact is damaged.
        DataError: no balance is known, a course that must be in cannot be, or the store does not
            answer.
    """
    artifact = load_artifact(model)
    manifest, courses = artifact.manifest, artifact.policy.courses
    single = single_request(
        artifact, participant_id, balance_rp=balance_rp, count=n, as_of=as_of, store=store
    )
    balance_rp = single.request.balance_rp
    if balance_rp is None:
        raise DataError("no balance is known", remedy="give --balance")
    if balance_rp > MOST_BALANCE:
        raise DataError(f"plans are for at most {MOST_BALANCE:,}", remedy="give a lower --balance")
    planning = Planning(artifact.policy, artifact.calibration, manifest.dataset)
    today = planning.day_of(single.request.as_of_s)
    days = options.horizon
    wish = PlanWish(
        balance_rp=balance_rp,
        max_courses=options.max_courses,
        must_include=_places(options.must_include, courses.item_of),
        max_per_category=options.max_per_category,
        finish_by=None if days is None else today + timedelta(days=days - 1),
        announced=options.announced or single.days.announced,
        last_rated=single.days.last_rated,
        last_bought=single.days.last_bought,
    )
    try:
        asked = planning.asked(single.batch, wish)
        answer = plans_answer(planning, asked)
        ahead = None
        if options.rank_by is not None:
            ahead = looked_ahead(planning, asked, n=n, by_plan=options.rank_by == "plan")
    except PlanRefusedError as error:
        raise DataError(str(error), remedy="change --must-include") from error
    return {
        "participant_id": participant_id,
        "known": single.known,
        "model": manifest.model,
        "currency": manifest.dataset.currency,
        "balance": balance_rp,
        **answer,
        "courses": ahead,
    }


def _places(wanted: Sequence[str], item_of: Mapping[str, int]) -> tuple[int, ...]:
    for course_id in wanted:
        if course_id not in item_of:
            raise DataError(f"no course {course_id!r}", remedy="change --must-include")
    return tuple(item_of[course_id] for course_id in dict.fromkeys(wanted))
