"""`POST /explain` agrees with /recommend, and names the rule that excludes a course."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from saldopas.serving.explain.explain import explain_course, money
from saldopas.serving.explain.schemas import ExplainBody, Explanation
from saldopas.serving.http.app import create_app
from saldopas.serving.http.openapi import read_examples
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import LoadedModel, Located, ModelSlot, load_model
from saldopas.serving.recommend.requests import as_asked
from saldopas.serving.recommend.schemas import RecommendBody
from saldopas.store.participants import Bought, Found, Participant
from starlette.testclient import TestClient

from tests.serving.request_bodies import COURSES, QUICK, bodies, named
from tests.serving.serving_world import ServingWorld

NOON = "2021-11-01T12:00:00+07:00"


@pytest.fixture(scope="module")
def model(world: ServingWorld) -> LoadedModel:
    return load_model(Located(world.path, "12"))


@pytest.fixture(scope="module")
def http(world: ServingWorld) -> Iterator[TestClient]:
    settings = Settings(artifact=world.path, log_requests=False)
    slot = ModelSlot()
    slot.load(settings)
    with TestClient(
        create_app(slot, settings), base_url="http://localhost", raise_server_exceptions=False
    ) as running:
        yield running


def explained(http: TestClient, **body: Any) -> dict[str, Any]:
    response = http.post("/explain", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    Explanation.model_validate(answer, strict=True, extra="forbid")
    return answer


def codes(answer: dict[str, Any]) -> list[str]:
    return [rule["code"] for rule in answer["rules"]]


@QUICK
@given(body=bodies, course_id=st.sampled_from(COURSES))
def test_it_says_what_the_policy_and_the_lists_say(
    http: TestClient,
    model: LoadedModel,
    names: list[str],
    body: dict[str, Any],
    course_id: str,
) -> None:
    body = named(body, names) | {"n": 100}
    answer = explained(http, **body, course_id=course_id)
    asked = as_asked([RecommendBody.model_validate(body)], model, now_s=0)
    allowed = model.artifact.policy.allowed(asked.batch).allowed[0]
    assert answer["allowed"] == allowed[model.item_of[course_id]]
    assert answer["allowed"] == (answer["rules"] == [])
    items = http.post("/recommend", json=body).json()["items"]
    listed = [item["course_id"] for item in items]
    if allowed.sum() <= 100 or answer["rank"] is None:
        assert answer["allowed"] == (course_id in listed)
    if course_id in listed:
        assert answer["rank"] == listed.index(course_id) + 1
        item = items[answer["rank"] - 1]
        same = ("title", "category", "price", "score", "source", "balance_after")
        assert {key: answer[key] for key in same} == {key: item[key] for key in same}


def test_money_that_is_missing_is_named(http: TestClient, world: ServingWorld) -> None:
    courses = world.artifact.policy.courses
    course_id, price = str(courses.course_ids[0]), int(courses.price_rp[0])
    asked = {"course_id": course_id, "profile": {"age": 60, "education": "Sarjana"}}
    answer = explained(http, **asked, balance=price - 20_000)
    [rule] = [one for one in answer["rules"] if one["code"] == "above_balance"]
    assert rule["message"] == "Rp20.000 di atas saldo"
    assert rule["message_en"] == "Rp20.000 above the balance"
    assert answer["balance_after"] is None
    assert answer["rank"] is None
    exactly = explained(http, **asked, balance=price)
    assert "above_balance" not in codes(exactly)
    assert exactly["balance_after"] == 0
    wish = explained(http, **asked, balance=price, max_price=price - 1)
    assert "above_max_price" in codes(wish)
    assert "above_balance" not in codes(wish)


def test_what_is_not_wanted_and_what_is_owned(http: TestClient, world: ServingWorld) -> None:
    asked = {"course_id": COURSES[0], "as_of": NOON}
    category = world.artifact.policy.courses.cards[0].category
    assert "excluded" in codes(explained(http, **asked, exclude=[COURSES[0]]))
    assert "other_category" in codes(explained(http, **asked, category="no such category"))
    assert "other_category" not in codes(explained(http, **asked, category=category))
    assert "already_bought" in codes(explained(http, **asked, purchased=[COURSES[0]]))
    assert "not_on_sale" in codes(explained(http, course_id=COURSES[0], as_of="1990-01-01"))


def test_cancelled_is_not_bought(http: TestClient, world: ServingWorld) -> None:
    snapshot, ids = world.artifact.snapshot, world.artifact.policy.courses.course_ids
    for participant_id, code in (
        (world.people.canceller, "cancelled_before"),
        (world.people.buyer, "already_bought"),
    ):
        row = int(snapshot.rows_of([participant_id])[0])
        course_id = str(ids[snapshot.item_idx[snapshot.indptr[row]]])
        answer = explained(http, participant_id=participant_id, course_id=course_id)
        assert code in codes(answer)
        told = explained(
            http, participant_id=participant_id, course_id=course_id, purchased=[course_id]
        )
        assert "already_bought" in codes(told)


def test_age_and_education_are_told_apart(http: TestClient, world: ServingWorld) -> None:
    courses = world.artifact.policy.courses
    schooled = str(courses.course_ids[np.flatnonzero(courses.min_education > 0)[0]])
    assert "min_education" in codes(explained(http, course_id=schooled))
    assert "min_age" not in codes(explained(http, course_id=schooled, profile={"age": 60}))
    profile = {"age": 60, "education": "Sarjana"}
    assert "min_education" not in codes(explained(http, course_id=schooled, profile=profile))


def test_reasons_add_up_to_the_score(http: TestClient, world: ServingWorld) -> None:
    best = http.post("/recommend", json={"participant_id": world.people.buyer, "explain": True})
    for rank, item in enumerate(best.json()["items"], start=1):
        answer = explained(http, participant_id=world.people.buyer, course_id=item["course_id"])
        assert answer["rank"] == rank
        assert answer["reasons"] == item["reasons"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("completed", "already_bought"),
        ("active", "already_bought"),
        ("cancelled", "cancelled_before"),
    ],
)
def test_what_the_store_says_of_a_purchase_counts(
    model: LoadedModel, status: str, code: str
) -> None:
    bought = Bought(COURSES[0], datetime(2021, 11, 1, tzinfo=UTC), 24_000, status)
    stored = Found(participant=Participant("P1", purchases=(bought,)))
    body = ExplainBody(participant_id="P1", course_id=COURSES[0])
    answer = explain_course(body, model, request_id="r", now_s=0, stored=stored)
    assert code in codes(answer)
    assert answer["balance"] == (1_000_000 if status == "cancelled" else 976_000)


def test_a_store_that_is_down_is_said(model: LoadedModel) -> None:
    body = ExplainBody(participant_id="P1", course_id=COURSES[0])
    answer = explain_course(body, model, request_id="r", now_s=0, stored=Found(down=True))
    assert answer["degraded"] is True


def test_a_course_that_nobody_sells_is_a_404(http: TestClient) -> None:
    response = http.post("/explain", json={"course_id": "no such course"})
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "unknown_course"
    assert http.post("/explain", json={}).json()["error"]["code"] == "missing_key"


def test_money_in_other_currencies() -> None:
    assert money(1_250_000, "IDR") == "Rp1.250.000"
    assert money(1_250, "TWD") == "TWD 1.250"


def test_the_documented_example_is_an_answer() -> None:
    Explanation.model_validate(read_examples()["answers"]["explain"], strict=True, extra="forbid")
