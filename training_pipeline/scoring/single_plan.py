"""One participant's plans from an artifact: what `saldopas plan` prints."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from saldopas.features.errors import DataError
from saldopas.features.requests.batch import build_requests, request_moment
from saldopas.models.artifact.artifact import load_artifact
from saldopas.models.planner.answer import looked_ahead, plans_answer
from saldopas.models.planner.planning import MOST_BALANCE, Planning, PlanWish
from saldopas.models.planner.problem import PlanRefusedError


def plan_one(
    model: Path,
    participant_id: str,
    *,
    balance_rp: int | None,
    max_courses: int = 8,
    must_include: Sequence[str] = (),
    max_per_category: int | None = None,
    horizon: int | None = None,
    as_of: datetime | None = None,
    announced: date | None = None,
    rank_by: Literal["plan", "relevance"] | None = None,
    n: int = 5,
) -> dict[str, Any]:
    """The answer of `POST /plan`; `known` says whether the snapshot holds the participant.

    Raises:
        ArtifactError: the artifact is damaged.
        DataError: no balance is known, or what must be in cannot be.
    """
    artifact = load_artifact(model)
    manifest, courses = artifact.manifest, artifact.policy.courses
    rows = artifact.snapshot.rows_of([participant_id])
    moment_s = request_moment(
        manifest.dataset, as_of, cutoff_s=manifest.cutoff_s, now_s=int(time.time())
    )
    known = artifact.known(rows)
    if balance_rp is None:
        if not known.has_balance[0]:
            raise DataError("no balance is known", remedy="give --balance")
        balance_rp = int(known.balance_rp[0])
    if balance_rp > MOST_BALANCE:
        raise DataError(f"plans are for at most {MOST_BALANCE:,}", remedy="give a lower --balance")
    request = build_requests(known.with_balances([balance_rp]), as_of_s=moment_s, count=n)
    planning = Planning(artifact.policy, artifact.calibration, manifest.dataset)
    today = planning.day_of(int(request.as_of_s[0]))
    newest = artifact.snapshot.newest_kept(int(rows[0]))
    wish = PlanWish(
        balance_rp=balance_rp,
        max_courses=max_courses,
        must_include=_places(must_include, [str(one) for one in courses.course_ids]),
        max_per_category=max_per_category,
        finish_by=None if horizon is None else today + timedelta(days=horizon - 1),
        announced=announced,
        last_bought=None if newest is None else (planning.day_of(newest[0]), newest[1]),
    )
    try:
        asked = planning.asked(request, wish)
        answer = plans_answer(planning, asked)
        ahead = None
        if rank_by is not None:
            ahead = looked_ahead(planning, asked, n=n, by_plan=rank_by == "plan")
    except PlanRefusedError as error:
        raise DataError(str(error), remedy="change --must-include") from error
    return {
        "participant_id": participant_id,
        "known": bool(rows[0] >= 0),
        "model": manifest.model,
        "currency": manifest.dataset.currency,
        "balance": balance_rp,
        **answer,
        "courses": ahead,
    }


def _places(wanted: Sequence[str], ids: list[str]) -> tuple[int, ...]:
    place = {course_id: item for item, course_id in enumerate(ids)}
    for course_id in wanted:
        if course_id not in place:
            raise DataError(f"no course {course_id!r}", remedy="change --must-include")
    return tuple(place[course_id] for course_id in dict.fromkeys(wanted))
