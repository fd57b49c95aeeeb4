"""`saldopas at-risk`: a row for each participant at risk, and who and how much in all."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import IndexedDataset, align_courses, index_dataset
from saldopas.features.encoding.profile import OTHER, ProfileVocabulary
from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c
from saldopas.models.artifact.artifact import load_artifact
from saldopas.models.planner.planning import Planning
from saldopas.training_pipeline.console import progress, say
from saldopas.training_pipeline.evaluating.groups import UNKNOWN, shown_groups
from saldopas.training_pipeline.ingest.erased_people import open_dataset
from saldopas.training_pipeline.ingest.files import check_table_path
from saldopas.training_pipeline.scoring.at_risk.deadlines import NAMES, Risks, risks_of
from saldopas.training_pipeline.scoring.at_risk.suggest import (
    UNLIMITED,
    Suggestions,
    fair_order,
    seats_before,
    suggest,
)

FEWEST_PEOPLE = 20  # smaller segments are told of together
SCHEMA = pa.schema(  # the same where nobody is at risk, or no plan has a course
    [
        (c.PARTICIPANT_ID, pa.string()),
        ("risk", pa.string()),
        ("deadline", pa.date32()),
        ("days_left", pa.int64()),
        ("estimated", pa.bool_()),
        ("amount", pa.int64()),
        ("action", pa.string()),
        ("buy_from", pa.date32()),
        (c.COURSE_ID, pa.string()),
        ("plan", pa.list_(pa.string())),
        ("plan_total", pa.int64()),
        ("plan_leftover", pa.int64()),
        ("plan_relevance", pa.float64()),
    ]
)


@dataclass(frozen=True)
class AtRisk:
    """What was found.

    Attributes:
        people: one row a participant, in the order in which seats were given.
        summary: for `--json`.
    """

    people: pd.DataFrame
    summary: dict[str, Any]


def at_risk_to_file(
    model: Path,
    source: str,
    *,
    out: Path,
    as_of: datetime,
    within_days: int,
    max_courses: int,
    seed: int,
    monthly_seats: bool = True,
) -> dict[str, Any]:
    """Find, suggest and write; returns the summary.

    Raises:
        DataError: the data cannot be used, or has no deadlines, or `out` cannot be made.
        ArtifactError: the artifact is damaged.
    """
    check_table_path(out)
    started = time.perf_counter()
    artifact = load_artifact(model)
    say(f"reading {source.split('@')[-1]}")
    data = index_dataset(align_courses(open_dataset(source), artifact.policy.courses.frame))
    planning = Planning(artifact.policy.over(data.courses), artifact.calibration, data.config)
    found = at_risk(
        data,
        planning,
        artifact.manifest.vocabulary,
        as_of_s=_moment_s(as_of, ZoneInfo(data.config.timezone)),
        within_days=within_days,
        max_courses=max_courses,
        seed=seed,
        monthly_seats=monthly_seats,
    )
    _write(found.people, out)
    seconds = round(time.perf_counter() - started, 3)
    return {"out": str(out), **found.summary, "seconds": seconds}


def at_risk(
    data: IndexedDataset,
    planning: Planning,
    vocabulary: ProfileVocabulary,
    *,
    as_of_s: int,
    within_days: int,
    max_courses: int,
    seed: int,
    monthly_seats: bool = True,
) -> AtRisk:
    """Everybody with at most `within_days` days left, and the best plan of each.

    Args:
        data: participants and purchases; planning: over its catalogue.
        vocabulary: of the policy's profile tokens.
        as_of_s: the moment.
        within_days: days left to buy, today counted.
        max_courses: of one suggestion.
        seed: of the lottery within a day.
        monthly_seats: see `seats_before`.

    Raises:
        DataError: the scheme has no deadlines.
    """
    rules = data.config.rules
    if (rules.first_purchase_days, rules.next_purchase_days, rules.last_spending_day) == (
        None,
        None,
        None,
    ):
        raise DataError(
            f"the scheme {rules.name!r} has no deadlines", remedy="set scheme in dataset.toml"
        )
    own = planning.config
    risks = risks_of(data, planning.courses, as_of_s=as_of_s, rating_days=own.rating_days)
    today = datetime.fromtimestamp(as_of_s, planning.zone).date().toordinal()
    rows = fair_order(data, risks, np.flatnonzero(risks.within(today, within_days)), seed=seed)
    seats = seats_before(data, as_of_s=as_of_s, monthly=monthly_seats)
    with progress("planning", total=len(rows)) as advance:
        found = suggest(
            data,
            planning,
            risks,
            rows,
            vocabulary=vocabulary,
            max_courses=max_courses,
            seats=seats,
            advance=advance,
        )
    people = _table(data, risks, found, today)
    summary = {
        "as_of": date.fromordinal(today).isoformat(),
        "within_days": within_days,
        "participants": data.n_people,
        "at_risk": len(people),
        "risks": {name: _totals(people[people["risk"] == name]) for name in NAMES.values()},
        "seats": {
            "courses": int((seats != UNLIMITED).sum()),
            "before": int(seats[seats != UNLIMITED].sum()),
            "suggested": int((seats - found.seats_left)[seats != UNLIMITED].sum()),
            "oversold": int((found.seats_left < 0).sum()),
        },
        "segments": _segments(data, people, rows, vocabulary),
    }
    return AtRisk(people, summary)


def _write(people: pd.DataFrame, out: Path) -> None:
    """The whole file or none."""
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_name(f".{out.name}")
    if out.suffix == ".csv":
        listed = people["plan"].map(lambda ids: " ".join(ids))
        people.assign(plan=listed).to_csv(beside, index=False)
    else:
        people.to_parquet(beside, index=False, schema=SCHEMA)
    beside.replace(out)


def _table(data: IndexedDataset, risks: Risks, found: Suggestions, today: int) -> pd.DataFrame:
    rows = found.rows
    ids = data.courses.course_ids
    starts = found.indptr[:-1]
    n_courses = np.diff(found.indptr)
    some = n_courses > 0
    first = np.full(len(rows), None, object)
    first[some] = ids[found.item_idx[starts[some]]]
    plans = [
        ids[found.item_idx[low:high]].tolist()
        for low, high in zip(starts.tolist(), found.indptr[1:].tolist(), strict=True)
    ]
    days = risks.deadline[rows]
    action = np.where(
        n_courses > 1,
        "plan",
        np.where(some, "course", np.where(found.sold_out, "sold_out", "none")),
    )
    return pd.DataFrame(
        {
            c.PARTICIPANT_ID: data.people[c.PARTICIPANT_ID].iloc[rows].to_numpy(object),
            "risk": np.array([NAMES[int(kind)] for kind in risks.kind[rows]], object),
            "deadline": _dates(days),
            "days_left": days - today + 1,
            "estimated": risks.estimated[rows],
            "amount": risks.amount_rp[rows],
            "action": action,
            "buy_from": _dates(risks.resumes[rows]),
            c.COURSE_ID: first,
            "plan": pd.Series(plans, dtype=object),
            "plan_total": found.total_rp,
            "plan_leftover": risks.amount_rp[rows] - found.total_rp,
            "plan_relevance": found.relevance,
        }
    )


def _dates(ordinals: NDArray[np.int64]) -> pd.Series[Any]:
    return pd.Series([date.fromordinal(day) for day in ordinals.tolist()], dtype=object)


def _totals(people: pd.DataFrame) -> dict[str, int]:
    actions = people["action"]
    return {
        "participants": len(people),
        "amount": int(people["amount"].sum()),
        "spendable": int(people["plan_total"].sum()),
        "with_action": int(actions.isin(["course", "plan"]).sum()),
        "sold_out": int((actions == "sold_out").sum()),
        "none": int((actions == "none").sum()),
    }


def _segments(
    data: IndexedDataset,
    people: pd.DataFrame,
    rows: NDArray[np.int64],
    vocabulary: ProfileVocabulary,
) -> dict[str, dict[str, dict[str, int]]]:
    """By each column of the profile, in the values and bands that models are given.

    Groups too small to tell of, and others with them until nobody can be worked out from the
    total, are `other`. No profile is read of who opted out: they are `unknown`.
    """
    told: dict[str, dict[str, dict[str, int]]] = {}
    for column in vocabulary.columns:
        if column.column not in data.people:
            continue
        tokens = ProfileVocabulary(columns=(column,)).encode(data.people.iloc[rows])
        tokens = tokens.only(~data.opted_out[rows])
        labels = np.array([label.partition("=")[2] for label in column.labels] + [UNKNOWN], object)
        group = np.full(len(rows), len(labels) - 1, np.int64)
        group[np.diff(tokens.indptr) > 0] = tokens.indices
        shown, _ = shown_groups(group, np.arange(len(rows)), min_people=FEWEST_PEOPLE)
        values = np.where(np.isin(group, shown), labels[group], OTHER)
        told[column.column] = {
            value: _totals(part)
            for value in dict.fromkeys([*labels.tolist(), OTHER])
            if len(part := people[values == value]) >= FEWEST_PEOPLE
        }
    return told


def _moment_s(as_of: datetime, zone: ZoneInfo) -> int:
    local = as_of if as_of.tzinfo else as_of.replace(tzinfo=zone)
    return int(local.timestamp())
