"""The promises, for any request: only what is allowed, exactly min(n, allowed), the policy's order.

What is allowed is worked out here from the tables, course by course.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from saldopas.features.requests.batch import Request, batch_of
from saldopas.features.requests.participants import KnownParticipant
from starlette.testclient import TestClient

from tests.serving.request_bodies import (
    LEVELS,
    QUICK,
    bodies,
    course_lists,
    money,
    named,
    profiles,
)
from tests.serving.serving_world import ServingWorld


def recommend(client: TestClient, body: dict[str, Any]) -> dict[str, Any]:
    response = client.post("/recommend", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def allowed_ids(body: dict[str, Any], world: ServingWorld) -> set[str]:
    """From the tables, one course at a time."""
    me = body.get("participant_id")
    people = world.data.people.set_index("participant_id")
    known = me in people.index
    profile = body.get("profile", {})
    age, school, limit, owned = 0, 0, None, set(body.get("purchased", []))
    cutoff_s = world.artifact.manifest.cutoff_s
    if known:
        place = people.index.get_loc(me)
        events = slice(*world.data.events.indptr[[place, place + 1]])
        before = world.data.events.at_s[events] < cutoff_s
        ids = world.data.courses.course_ids
        owned |= {str(ids[i]) for i in world.data.events.item_idx[events][before]}
        paid = world.data.paid_rp[events][before & world.data.kept[events]]
        limit = 1_000_000 - int(paid.sum())
        age = int(people["age"][me])
        school = LEVELS.index(people["education"][me]) + 1
    if profile.get("age") is not None:
        told = profile["age"]
        age = {"26-35": 26, ">=56": 56, "x": 0}[told] if isinstance(told, str) else told
    if "education" in profile:
        school = LEVELS.index(profile["education"]) + 1 if profile["education"] in LEVELS else 0
    limit = body.get("balance", limit)
    moment_s = cutoff_s
    if "as_of" in body:
        moment = pd.Timestamp(body["as_of"])
        moment = moment.tz_localize("Asia/Jakarta") if moment.tz is None else moment
        moment_s = int(moment.timestamp())
    found = set()
    for course in world.artifact.policy.courses.frame.to_dict("records"):
        wanted, until = course["min_education"], course["on_sale_until"]
        if (
            (limit is None or course["price"] <= limit)
            and course["price"] <= body.get("max_price", course["price"])
            and (pd.isna(course["min_age"]) or course["min_age"] <= age)
            and (pd.isna(wanted) or LEVELS.index(wanted) + 1 <= school)
            and course["on_sale_from"].timestamp() <= moment_s
            and (pd.isna(until) or moment_s <= until.timestamp())
            and course["course_id"] not in owned
            and course["course_id"] not in body.get("exclude", [])
            and course["category"] == body.get("category", course["category"])
        ):
            found.add(course["course_id"])
    return found


@QUICK
@given(body=bodies)
def test_exactly_min_n_allowed_courses_come_and_nothing_else(
    client: TestClient, world: ServingWorld, names: list[str], body: dict[str, Any]
) -> None:
    body = named(body, names)
    allowed = allowed_ids(body, world)
    items = recommend(client, body)["items"]
    found = [item["course_id"] for item in items]
    assert set(found) <= allowed
    assert len(found) == len(set(found)) == min(body.get("n", 5), len(allowed))


@QUICK
@given(body=bodies, less=money)
def test_a_lower_balance_only_takes_courses_away(
    client: TestClient, world: ServingWorld, names: list[str], body: dict[str, Any], less: int
) -> None:
    body = named(body, names) | {"n": 100}
    answer = recommend(client, body)
    balance = less if answer["balance"] is None else min(less, answer["balance"])
    fewer = recommend(client, body | {"balance": balance})
    before = [item["course_id"] for item in answer["items"] if item["price"] <= balance]
    assert before == [item["course_id"] for item in fewer["items"]][: len(before)]
    if len(answer["items"]) < 100:
        assert len(before) == len(fewer["items"])


@QUICK
@given(purchased=course_lists, profile=profiles, balance=money, n=st.integers(1, 100))
def test_the_answer_is_the_policys(
    client: TestClient,
    world: ServingWorld,
    purchased: list[str],
    profile: dict[str, Any],
    balance: int,
    n: int,
) -> None:
    artifact = world.artifact
    courses, vocabulary = artifact.policy.courses, artifact.vocabulary
    ids = courses.course_ids.tolist()
    known = [ids.index(course_id) for course_id in purchased if course_id in ids]
    age = profile.get("age")
    ages = {"26-35": 26, ">=56": 56, "x": 0, None: 0}
    education = profile.get("education")
    person = KnownParticipant(
        history=known,
        tokens=vocabulary.tokens_of(profile),
        owned=known,
        balance_rp=balance,
        age_at_least=age if isinstance(age, int) else ages[age],
        education_at_least=LEVELS.index(education) + 1 if education in LEVELS else 0,
    )
    request = batch_of(
        [Request(person, as_of_s=artifact.manifest.cutoff_s, count=n)],
        n_items=courses.n_items,
        n_tokens=vocabulary.n_tokens,
    )
    expected = artifact.policy.recommend(request)
    body = {"purchased": purchased, "profile": profile, "balance": balance, "n": n}
    items = recommend(client, body)["items"]
    found = courses.course_ids[expected.item_idx].tolist()
    assert [item["course_id"] for item in items] == found
    assert [np.float32(item["score"]) for item in items] == expected.scores.tolist()


@QUICK
@given(drawn=st.lists(bodies, min_size=1, max_size=8))
def test_a_batch_equals_its_single_requests(
    client: TestClient, names: list[str], drawn: list[dict[str, Any]]
) -> None:
    asked = [named(body, names) for body in drawn]
    results = client.post("/recommend_batch", json={"requests": asked}).json()["results"]
    for body, result in zip(asked, results, strict=True):
        single = recommend(client, body)
        assert result | {"request_id": ""} == single | {"request_id": ""}
