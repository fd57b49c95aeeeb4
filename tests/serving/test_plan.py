"""`POST /plan`: what is offered fits, adds up, and is what the planner finds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from saldopas.serving.http.app import create_app
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import ModelSlot
from saldopas.training_pipeline.scoring.single import plan_one
from starlette.testclient import TestClient

from tests.serving.serving_world import STRANGER, ServingWorld

WIB = ZoneInfo("Asia/Jakarta")
NOON = "2021-11-01T12:00:00+07:00"


@pytest.fixture(scope="module")
def http(world: ServingWorld) -> Iterator[TestClient]:
    settings = Settings(artifact=world.path, log_requests=False)
    slot = ModelSlot()
    slot.load(settings)
    with TestClient(
        create_app(slot, settings), base_url="http://localhost", raise_server_exceptions=False
    ) as running:
        yield running


def planned(http: TestClient, **body: Any) -> dict[str, Any]:
    response = http.post("/plan", json={"as_of": NOON, **body})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def refused(http: TestClient, **body: Any) -> tuple[int, str, str | None]:
    response = http.post("/plan", json={"as_of": NOON, **body})
    error = response.json()["error"]
    return response.status_code, error["code"], error["field"]


def test_money_adds_up_course_by_course(http: TestClient, world: ServingWorld) -> None:
    answer = planned(http, participant_id=world.people.newcomer, balance=700_000)
    assert answer["alternatives"]
    for plan in answer["alternatives"]:
        left = 700_000
        for course in plan["courses"]:
            left -= course["price"]
            assert course["balance_after"] == left
        assert plan["leftover"] == left >= 0
        assert plan["total"] + plan["leftover"] == 700_000
        ids = [course["course_id"] for course in plan["courses"]]
        assert len(set(ids)) == len(ids) <= 8


def test_plans_are_named_for_people(http: TestClient, world: ServingWorld) -> None:
    answer = planned(http, participant_id=world.people.newcomer, balance=900_000)
    first, *others = answer["alternatives"]
    assert first["keys"][0] == "best_match"
    assert first["name"].startswith("Paling cocok")
    least = next(plan for plan in answer["alternatives"] if "least_left" in plan["keys"])
    assert all(least["leftover"] <= plan["leftover"] for plan in answer["alternatives"])
    assert all(first["value"] >= plan["value"] for plan in others)


def test_nothing_that_was_bought_is_planned(http: TestClient, world: ServingWorld) -> None:
    participant = world.people.buyer
    row = int(world.artifact.snapshot.rows_of([participant])[0])
    own = slice(*world.artifact.snapshot.indptr[[row, row + 1]])
    ids = world.artifact.policy.courses.course_ids
    owned = {str(ids[item]) for item in world.artifact.snapshot.item_idx[own]}
    answer = planned(http, participant_id=participant)
    found = {one["course_id"] for plan in answer["alternatives"] for one in plan["courses"]}
    assert found
    assert owned
    assert not found & owned
    assert answer["balance"] == int(world.artifact.snapshot.balance_rp[row])


def test_each_course_is_finished_and_rated_before_the_next(
    http: TestClient, world: ServingWorld
) -> None:
    answer = planned(http, participant_id=world.people.newcomer, balance=1_000_000)
    for plan in answer["alternatives"]:
        for before, after in zip(plan["courses"], plan["courses"][1:], strict=False):
            assert date.fromisoformat(before["finish"]) < date.fromisoformat(after["buy"])
        for course in plan["courses"]:
            assert "2021-11-01" <= course["buy"] <= "2021-12-15"
            assert course["buy"] <= course["start"] <= course["finish"]
    assert answer["deadline"]["day"] == "2021-12-15"
    assert answer["deadline"]["days_left"] == 45
    assert answer["deadline"]["text"] == "Batas memakai saldo: 15 Desember 2021 pukul 23.59"


@pytest.mark.parametrize("who", ["buyer", "hidden"])
def test_a_running_training_is_waited_for_until_its_rating(
    http: TestClient, world: ServingWorld, who: str
) -> None:
    """Also of those who opted out: when they may buy is no matter of taste."""
    participant = str(getattr(world.people, who))
    rows = world.data.people["participant_id"].tolist()
    events = world.data.events
    newest = int(events.indptr[rows.index(participant) + 1]) - 1
    bought = datetime.fromtimestamp(int(events.at_s[newest]), WIB).date()
    lasts = world.data.courses.frame["duration_days"].iloc[int(events.item_idx[newest])]
    rated = bought + timedelta(days=max(int(lasts), 1))  # its last day, and a day
    body = {"participant_id": participant, "balance": 600_000, "as_of": f"{bought}T23:00:00+07:00"}
    answer = planned(http, **body)
    assert answer["alternatives"]
    assert {plan["courses"][0]["buy"] for plan in answer["alternatives"]} == {str(rated)}
    earlier = planned(http, **body | {"as_of": f"{bought - timedelta(days=1)}T23:00:00+07:00"})
    assert earlier["alternatives"][0]["courses"][0]["buy"] == str(bought - timedelta(days=1))
    alone = plan_one(
        world.path, participant, balance_rp=600_000, as_of=datetime.fromisoformat(body["as_of"])
    )
    assert alone["alternatives"] == answer["alternatives"]
    assert alone["deadline"] == answer["deadline"]


def test_the_horizon_ends_every_course(http: TestClient, world: ServingWorld) -> None:
    answer = planned(http, participant_id=world.people.newcomer, balance=1_000_000, horizon=10)
    assert answer["alternatives"]
    for plan in answer["alternatives"]:
        assert all(course["finish"] <= "2021-11-10" for course in plan["courses"])


def test_after_the_first_deadline_nothing_is_offered(http: TestClient, world: ServingWorld) -> None:
    """Announced 22 Sep 2021: the 30th day is 21 Oct, so on 22 Oct it is too late."""
    body = {"purchased": [], "balance": 1_000_000, "announced_at": "2021-09-22"}
    last = planned(http, **body | {"as_of": "2021-10-21T23:59:00+07:00"})
    assert last["alternatives"]
    assert last["deadline"] == last["deadline"] | {
        "kind": "first_purchase",
        "day": "2021-10-21",
        "days_left": 1,
        "urgent": True,
    }
    late = planned(http, **body | {"as_of": "2021-10-22T00:00:00+07:00"})
    assert late["alternatives"] == []
    assert late["reason"]["code"] == "too_late"
    assert late["deadline"]["days_left"] == 0


def test_what_must_be_in_is_in_every_plan(http: TestClient, world: ServingWorld) -> None:
    courses = world.artifact.policy.courses
    open_now = courses.on_sale_from_s <= world.artifact.manifest.cutoff_s
    open_now &= (courses.min_age == 0) & (courses.min_education == 0)
    open_now &= courses.on_sale_until_s == np.iinfo(np.int64).max
    cheap = min(np.flatnonzero(open_now), key=lambda item: int(courses.price_rp[item]))
    wanted = str(courses.course_ids[cheap])
    answer = planned(
        http, participant_id=STRANGER, balance=900_000, must_include=[wanted], max_courses=3
    )
    assert answer["alternatives"]
    for plan in answer["alternatives"]:
        assert wanted in {course["course_id"] for course in plan["courses"]}
        assert len(plan["courses"]) <= 3


def test_single_courses_can_be_ranked_by_their_plans(http: TestClient, world: ServingWorld) -> None:
    body = {"participant_id": world.people.newcomer, "balance": 500_000, "n": 100}
    by_plan = planned(http, **body, rank_by="plan")["courses"]
    by_relevance = planned(http, **body, rank_by="relevance")["courses"]
    assert {one["course_id"] for one in by_plan} == {one["course_id"] for one in by_relevance}
    values = [one["plan_value"] for one in by_plan]
    ranked = [(one["plan_value"], one["relevance"]) for one in by_plan]
    assert ranked == sorted(ranked, reverse=True)
    assert len(set(values)) < len(values)
    relevance = [one["relevance"] for one in by_relevance]
    assert relevance == sorted(relevance, reverse=True)
    best = planned(http, **body)["alternatives"][0]
    assert values[0] == pytest.approx(best["value"])
    for one in by_plan:
        assert one["balance_after"] == 500_000 - one["price"]
        assert one["strands"] == (one["next_course_id"] is None and one["balance_after"] > 0)


def test_the_same_request_has_the_same_plans(http: TestClient, world: ServingWorld) -> None:
    body = {"participant_id": world.people.buyer, "balance": 800_000, "rank_by": "plan"}
    answers = [planned(http, **body) for _ in range(2)]
    assert len({answer.pop("request_id") for answer in answers}) == 2
    assert answers[0] == answers[1]


def test_a_balance_that_buys_nothing_has_a_reason(http: TestClient) -> None:
    answer = planned(http, balance=0)
    assert answer["alternatives"] == []
    assert answer["reason"]["code"] == "nothing_fits"


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({}, 422, "out_of_range", "balance"),
        ({"balance": 10**8 + 1}, 422, "out_of_range", "balance"),
        ({"balance": 10, "max_courses": 0}, 422, "out_of_range", "max_courses"),
        ({"balance": 10, "max_courses": 11}, 422, "out_of_range", "max_courses"),
        ({"balance": 10, "horizon": 0}, 422, "out_of_range", "horizon"),
        ({"balance": 1.5}, 400, "wrong_type", "balance"),
        ({"balance": 10, "must_include": ["x"]}, 422, "must_include_unknown", "must_include"),
        ({"balance": 10, "surprise": 1}, 400, "unknown_key", "surprise"),
    ],
)
def test_refusals_say_what_was_wrong(
    http: TestClient, body: dict[str, Any], status: int, code: str, field: str
) -> None:
    assert refused(http, **body) == (status, code, field)


def test_what_must_be_in_but_is_owned_is_refused(http: TestClient, world: ServingWorld) -> None:
    row = int(world.artifact.snapshot.rows_of([world.people.buyer])[0])
    owned = int(world.artifact.snapshot.item_idx[world.artifact.snapshot.indptr[row]])
    course_id = str(world.artifact.policy.courses.course_ids[owned])
    body = {"participant_id": world.people.buyer, "must_include": [course_id]}
    assert refused(http, **body) == (422, "must_include_not_allowed", "must_include")
