"""Who is at risk, by hand; and on a sample: no seat twice, the fair order, one way to plan."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from saldopas.features.encoding.indexed import IndexedDataset, index_dataset
from saldopas.features.encoding.profile import ProfileVocabulary, TokenColumn
from saldopas.features.tables.dataset import read_dataset
from saldopas.models.artifact.artifact import load_artifact
from saldopas.models.planner.courses import PlanConfig, PlanCourses
from saldopas.models.planner.planning import Planning
from saldopas.models.policy.policy import Policy, Stage
from saldopas.models.recommenders.registry import MODELS
from saldopas.training_pipeline.commands.main import app
from saldopas.training_pipeline.scoring.at_risk.deadlines import (
    FORFEIT,
    NO_RISK,
    REVOCATION,
    Risks,
    risks_of,
)
from saldopas.training_pipeline.scoring.at_risk.report import AtRisk, at_risk
from saldopas.training_pipeline.scoring.at_risk.suggest import fair_order
from saldopas.training_pipeline.training.record import TrainingRecord
from typer.testing import CliRunner

from tests.small_world import SmallWorld

WIB = ZoneInfo("Asia/Jakarta")
COURSES = pd.DataFrame({"course_id": ["a", "b"], "price": [400_000, 600_000], "duration_days": 5})
VOCABULARY = ProfileVocabulary(
    columns=(TokenColumn(column="group", kind="values", values=("a", "b", "c")),)
)
PEOPLE = ("new", "late", "bought", "spent", "cancelled")


def at(local: str) -> int:
    return int(datetime.fromisoformat(local).replace(tzinfo=WIB).timestamp())


def dataset(
    directory: Path,
    scheme: str,
    announced: dict[str, str],
    purchases: list[tuple[str, ...]],
    courses: pd.DataFrame = COURSES,
) -> IndexedDataset:
    directory.mkdir()
    people = pd.DataFrame(
        {"participant_id": list(announced), "announced_at": list(announced.values())}
    )
    bought = pd.DataFrame(
        purchases, columns=["participant_id", "course_id", "purchased_at", "status"]
    )
    people.to_csv(directory / "participants.csv", index=False)
    courses.to_csv(directory / "courses.csv", index=False)
    bought.to_csv(directory / "purchases.csv", index=False)
    (directory / "dataset.toml").write_text(f'scheme = "{scheme}"\n')
    return index_dataset(read_dataset(directory))


def risks(data: IndexedDataset, moment: str) -> Risks:
    courses = PlanCourses.of(data.courses, data.config.rules, PlanConfig())
    return risks_of(data, courses, as_of_s=at(moment), rating_days=1)


def days(found: Risks, data: IndexedDataset) -> dict[str, tuple[int, date | None, int]]:
    names = data.people["participant_id"].tolist()
    return {
        name: (
            int(found.kind[row]),
            None if found.kind[row] == NO_RISK else date.fromordinal(int(found.deadline[row])),
            int(found.amount_rp[row]),
        )
        for row, name in enumerate(names)
    }


def test_2021_first_purchase_and_last_spending_day(tmp_path: Path) -> None:
    data = dataset(
        tmp_path / "d",
        "2021",
        dict.fromkeys(PEOPLE, "2021-09-22") | {"late": "2021-11-30"},
        [
            ("bought", "a", "2021-10-01T10:00:00", "completed"),
            ("spent", "a", "2021-10-01T10:00:00", "completed"),
            ("spent", "b", "2021-10-10T10:00:00", "completed"),
            ("cancelled", "a", "2021-10-01T10:00:00", "cancelled"),
        ],
    )
    found = risks(data, "2021-10-15T08:00:00")
    assert days(found, data) == {
        "new": (REVOCATION, date(2021, 10, 21), 1_000_000),
        "late": (NO_RISK, None, 1_000_000),  # not announced yet
        "bought": (FORFEIT, date(2021, 12, 15), 600_000),
        "spent": (NO_RISK, None, 0),
        "cancelled": (REVOCATION, date(2021, 10, 21), 1_000_000),
    }
    today = date(2021, 10, 15).toordinal()
    assert found.within(today, 7).tolist() == [True, False, False, False, True]
    assert found.within(today, 6).tolist() == [False] * 5  # 15 to 21 October are seven days
    late = date(2021, 10, 22).toordinal()
    assert found.within(late, 7).tolist() == [False] * 5
    on_the_day = days(risks(data, "2021-11-30T08:00:00"), data)
    # 30 days would end on 29 December
    assert on_the_day["late"] == (REVOCATION, date(2021, 12, 15), 1_000_000)


def test_2023_next_purchase_is_counted_from_an_estimated_rating(tmp_path: Path) -> None:
    data = dataset(
        tmp_path / "d",
        "2023",
        {"new": "2024-02-28", "bought": "2024-01-01"},
        [("bought", "a", "2024-02-23T10:00:00", "completed")],
    )
    found = risks(data, "2024-03-10T08:00:00")
    # begins on 24 Feb, ends on the 28th, rated on the 29th: 15 inclusive days end on 14 March
    assert days(found, data) == {
        "new": (REVOCATION, date(2024, 3, 13), 3_500_000),
        "bought": (FORFEIT, date(2024, 3, 14), 3_100_000),
    }
    assert found.estimated.tolist() == [False, True]


def test_within_a_day_the_order_is_a_lottery(small_world: SmallWorld) -> None:
    data = small_world.data
    found = risks(data, "2021-12-09T00:00:00")
    rows = np.flatnonzero(found.within(date(2021, 12, 9).toordinal(), 7))
    one, same, other = (fair_order(data, found, rows, seed=seed) for seed in (1, 1, 2))
    assert one.tolist() == same.tolist()
    assert one.tolist() != other.tolist()
    assert sorted(one.tolist()) == rows.tolist()
    for order in (one, other):
        assert (np.diff(found.deadline[order]) >= 0).all()


def test_a_full_course_is_the_reason_only_where_it_would_have_been_in_time(
    tmp_path: Path,
) -> None:
    """Course a has no seat, b is owned; the second training is rated on the 16th, too late."""
    data = dataset(
        tmp_path / "d",
        "2021",
        dict.fromkeys(("free", "busy"), "2021-11-25"),
        [
            ("free", "b", "2021-12-01T10:00:00", "completed"),
            ("busy", "b", "2021-12-11T10:00:00", "active"),
        ],
        COURSES.assign(quota=[0, 100]),
    )
    people = asked_on("2021-12-12T08:00:00", data).people
    rows = people.set_index("participant_id")[["action", "buy_from"]].to_dict("index")
    assert rows == {
        "free": {"action": "sold_out", "buy_from": date(2021, 12, 12)},
        "busy": {"action": "none", "buy_from": date(2021, 12, 16)},
    }


def test_no_segment_can_be_worked_out_from_the_total(tmp_path: Path) -> None:
    """The three of c would be the total less the others, so that b is told of with them."""
    groups = ["a"] * 60 + ["b"] * 25 + ["c"] * 3
    names = [f"p{place:02}" for place in range(len(groups))]
    data = dataset(
        tmp_path / "d",
        "2021",
        dict.fromkeys(names, "2021-11-25"),
        [("p00", "a", "2021-12-01T10:00:00", "completed")],
    )
    data.people["group"] = groups
    found = asked_on("2021-12-12T08:00:00", data).summary["segments"]["group"]
    assert {value: of["participants"] for value, of in found.items()} == {"a": 60, "other": 28}
    hidden = replace(data, opted_out=np.arange(len(groups)) < 30)  # nobody reads their group
    found = asked_on("2021-12-12T08:00:00", hidden).summary["segments"]["group"]
    assert {value: of["participants"] for value, of in found.items()} == {
        "a": 30,
        "unknown": 30,
        "other": 28,
    }


def asked_on(moment: str, data: IndexedDataset) -> AtRisk:
    """Everybody with seven days left, planned by popularity for one course each."""
    train = data.training_set(data.seen_before(at(moment)), as_of_s=at(moment))
    model = MODELS["popularity"]
    popular = model.fit(model.config_type(), train, seed=0)
    return at_risk(
        data,
        Planning(Policy((Stage("popular", popular),), data.courses), None, data.config),
        VOCABULARY,
        as_of_s=at(moment),
        within_days=7,
        max_courses=1,
        seed=7,
    )


@pytest.fixture(scope="module")
def found(small_world: SmallWorld, small_record: TrainingRecord) -> AtRisk:
    return run(small_world, small_record)


def run(world: SmallWorld, record: TrainingRecord) -> AtRisk:
    artifact = load_artifact(record.artifact)
    return at_risk(
        world.data,
        Planning(artifact.policy, artifact.calibration, world.data.config),
        artifact.vocabulary,
        as_of_s=at("2021-12-09T00:00:00"),
        within_days=7,
        max_courses=3,
        seed=7,
    )


def test_no_course_is_suggested_more_often_than_it_has_seats(
    found: AtRisk, small_world: SmallWorld
) -> None:
    suggested = found.people["plan"].explode().dropna().value_counts()
    courses = small_world.data.courses.frame.set_index("course_id")
    before = small_world.dataset.purchases
    december, today = (pd.Timestamp(f"2021-12-{day}", tz="Asia/Jakarta") for day in ("01", "09"))
    before = before[before["purchased_at"].between(december, today, inclusive="left")]
    sold = before["course_id"].value_counts()
    limited = courses["quota"].dropna()
    assert suggested.index.isin(limited.index).any()
    for course_id, quota in limited.items():
        assert suggested.get(course_id, 0) <= max(quota - sold.get(course_id, 0), 0)
    assert found.summary["seats"]["oversold"] == 0
    scarce = [
        course_id
        for course_id, quota in limited.items()
        if suggested.get(course_id, 0) and suggested[course_id] == quota - sold.get(course_id, 0)
    ]
    assert scarce, "no course ran out: the sample tests nothing"


def test_every_suggestion_fits_the_money_and_repeats_nothing(
    found: AtRisk, small_world: SmallWorld
) -> None:
    price = small_world.dataset.courses.set_index("course_id")["price"]
    owned = small_world.dataset.purchases.groupby("participant_id")["course_id"].agg(set)
    acted = found.people[found.people["action"].isin(["course", "plan"])]
    assert len(acted) > 50
    for row in acted.itertuples():
        assert sum(price[one] for one in row.plan) == row.plan_total <= row.amount
        assert row.plan_leftover == row.amount - row.plan_total
        assert row.course_id == row.plan[0]
    later = small_world.dataset.purchases
    later = later[later["purchased_at"] < pd.Timestamp("2021-12-09", tz="Asia/Jakarta")]
    owned = later.groupby("participant_id")["course_id"].agg(set)
    assert not any(
        owned.get(row.participant_id, set()) & set(row.plan) for row in acted.itertuples()
    )


def test_totals_and_segments_add_up(found: AtRisk) -> None:
    risk = found.summary["risks"]
    assert sum(one["participants"] for one in risk.values()) == found.summary["at_risk"]
    assert sum(one["amount"] for one in risk.values()) == int(found.people["amount"].sum())
    gender = found.summary["segments"]["gender"]
    assert sum(one["participants"] for one in gender.values()) == found.summary["at_risk"]
    assert all(of["participants"] >= 20 for of in found.summary["segments"]["province"].values())


def test_the_same_moment_has_the_same_answer(
    found: AtRisk, small_world: SmallWorld, small_record: TrainingRecord
) -> None:
    again = run(small_world, small_record)
    pd.testing.assert_frame_equal(found.people, again.people)


def test_from_the_command_line(
    small_world: SmallWorld, small_record: TrainingRecord, found: AtRisk, tmp_path: Path
) -> None:
    out = tmp_path / "risk.parquet"
    args = ["at-risk", str(small_world.directory), "--as-of", "2021-12-09", "--out", str(out)]
    done = CliRunner().invoke(app, [*args, "--model", str(small_record.artifact), "--json"])
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    assert summary["at_risk"] == len(pd.read_parquet(out)) == len(found.people)
    assert summary["risks"] == found.summary["risks"]
