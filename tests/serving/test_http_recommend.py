"""POST /recommend: who asks, what is known of them, and what they get."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from saldopas.features.requests.batch import build_requests
from saldopas.serving.recommend.schemas import Answer
from starlette.testclient import TestClient

from tests.serving.serving_world import STRANGER, ServingWorld

HALF = 500_000


def ask(client: TestClient, **body: Any) -> dict[str, Any]:
    response = client.post("/recommend", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    Answer.model_validate(answer, strict=True, extra="forbid")
    return answer


def ids(answer: dict[str, Any]) -> list[str]:
    return [item["course_id"] for item in answer["items"]]


def sources(answer: dict[str, Any]) -> set[str]:
    return {item["source"] for item in answer["items"]}


def bought(world: ServingWorld, participant_id: str) -> list[str]:
    """Courses bought before the cut-off, cancelled ones too, oldest first."""
    snapshot = world.artifact.snapshot
    row = int(snapshot.rows_of([participant_id])[0])
    items = snapshot.item_idx[snapshot.indptr[row] : snapshot.indptr[row + 1]]
    return [str(course) for course in world.artifact.policy.courses.course_ids[items]]


def left(world: ServingWorld, participant_id: str) -> int:
    row = int(world.artifact.snapshot.rows_of([participant_id])[0])
    return int(world.artifact.snapshot.balance_rp[row])


def test_a_known_buyer_is_ranked_by_history_within_the_own_balance(
    client: TestClient, world: ServingWorld
) -> None:
    answer = ask(client, participant_id=world.people.buyer)
    assert answer["model_version"] == "12"
    assert answer["participant_id"] == world.people.buyer
    assert answer["balance"] == left(world, world.people.buyer)
    assert len(answer["items"]) == 5
    assert answer["items"][0]["source"] == "history"
    assert not set(ids(answer)) & set(bought(world, world.people.buyer))
    for item in answer["items"]:
        assert item["balance_after"] == answer["balance"] - item["price"] >= 0
        assert item["title"]
        assert item["category"]


def test_what_is_answered_is_what_the_policy_answers(
    client: TestClient, world: ServingWorld
) -> None:
    snapshot, courses = world.artifact.snapshot, world.artifact.policy.courses
    names = [world.people.buyer, world.people.newcomer, world.people.hidden, STRANGER]
    known = world.artifact.known(snapshot.rows_of(names))
    request = build_requests(known, as_of_s=world.artifact.manifest.cutoff_s, count=20)
    expected = world.artifact.policy.recommend(request)
    for row, name in enumerate(names):
        answer = ask(client, participant_id=name, n=20)
        rows = expected.row(row)
        assert ids(answer) == courses.course_ids[expected.item_idx[rows]].tolist()
        scores = [np.float32(item["score"]) for item in answer["items"]]
        assert scores == expected.scores[rows].tolist()


@pytest.mark.parametrize("body", [{"participant_id": STRANGER}, {}])
def test_nothing_known_gives_popular_courses_and_says_so(
    client: TestClient, body: dict[str, Any]
) -> None:
    answer = ask(client, **body)
    assert sources(answer) == {"popular"}
    assert answer["participant_id"] == body.get("participant_id")
    assert answer["balance"] is None
    assert {item["balance_after"] for item in answer["items"]} == {None}
    assert ask(client, **body, balance=0)["items"] == []


def test_a_known_person_without_purchases_is_ranked_by_profile(
    client: TestClient, world: ServingWorld
) -> None:
    answer = ask(client, participant_id=world.people.newcomer)
    assert answer["items"][0]["source"] == "profile"


def test_the_opted_out_are_ranked_by_popularity_alone_whatever_the_body_says(
    client: TestClient, world: ServingWorld
) -> None:
    hidden = world.people.hidden
    popular = ask(client, n=100, balance=HALF, profile={})
    answer = ask(client, participant_id=hidden, n=100, balance=HALF)
    assert sources(answer) == {"popular"}
    assert not set(ids(answer)) & set(bought(world, hidden))
    # the order of everybody; what only some are old or schooled enough for may come between
    everybody = set(ids(popular))
    mine = [course for course in ids(answer) if course in everybody]
    assert mine == [c for c in ids(popular) if c not in bought(world, hidden)]
    first = ids(answer)[0]
    told = ask(
        client,
        participant_id=hidden,
        n=100,
        balance=HALF,
        purchased=[first],
        profile={"gender": "F"},
    )
    assert ids(told) == ids(answer)[1:]
    assert sources(told) == {"popular"}


def test_purchases_in_the_body_replace_the_history_and_add_to_what_is_owned(
    client: TestClient, world: ServingWorld
) -> None:
    buyer = world.people.buyer
    grown = {"age": 64, "education": "Sarjana"}  # old and schooled enough for every course
    bodies = {"profile": grown, "balance": 10**6, "n": 100}
    first = ids(ask(client, participant_id=buyer, **bodies))[0]
    theirs = ask(client, participant_id=buyer, purchased=[first], **bodies)
    alone = ask(client, purchased=[first], **bodies)
    owned = {first, *bought(world, buyer)}
    assert len(owned) > 1
    assert not set(ids(theirs)) & owned
    assert "history" in sources(theirs)
    assert theirs["items"] == [i for i in alone["items"] if i["course_id"] not in owned]


def test_an_empty_list_of_purchases_means_that_nothing_was_bought(
    client: TestClient, world: ServingWorld
) -> None:
    answer = ask(client, participant_id=world.people.buyer, purchased=[], n=100)
    assert "history" not in sources(answer)
    assert not set(ids(answer)) & set(bought(world, world.people.buyer))


def test_unknown_ids_and_columns_in_the_body_change_nothing(client: TestClient) -> None:
    plain = ask(client, purchased=["C00001"], profile={"gender": "F"})
    noisy = ask(
        client,
        purchased=["C00001", "never heard of"],
        profile={"gender": "F", "shoe size": 38},
        exclude=["never heard of"],
    )
    assert noisy["items"] == plain["items"]


def test_cancelled_courses_are_no_history_and_never_come_again(
    client: TestClient, world: ServingWorld
) -> None:
    canceller = world.people.canceller
    answer = ask(client, participant_id=canceller, n=100)
    assert "history" not in sources(answer)
    assert not set(ids(answer)) & set(bought(world, canceller))
    assert answer["balance"] == 1_000_000


def test_a_profile_in_the_body_wins_over_the_stored_one(
    client: TestClient, world: ServingWorld
) -> None:
    profile = {"gender": "F", "education": "Sarjana", "age": 50, "province": "Bali"}
    told = ask(client, participant_id=world.people.newcomer, profile=profile, balance=HALF, n=20)
    alone = ask(client, profile=profile, balance=HALF, n=20)
    assert told["items"] == alone["items"]
    assert alone["items"][0]["source"] == "profile"


def test_age_and_education_open_the_courses_that_ask_for_them(
    client: TestClient, world: ServingWorld
) -> None:
    courses = world.artifact.policy.courses
    old = {str(c) for c in courses.course_ids[courses.min_age > 0]}
    schooled = {str(c) for c in courses.course_ids[courses.min_education > 0]}
    nobody = set(ids(ask(client, n=100)))
    assert not nobody & (old | schooled)
    adult = set(ids(ask(client, n=100, profile={"age": 64})))
    assert adult & old
    assert not adult & schooled
    band = set(ids(ask(client, n=100, profile={"age": ">=64", "education": "Sarjana"})))
    assert band & schooled


def test_a_profile_that_leaves_out_the_age_leaves_the_stored_age(
    client: TestClient, world: ServingWorld
) -> None:
    buyer = world.people.buyer
    own = set(ids(ask(client, participant_id=buyer, n=100, balance=10**6)))
    told = ask(client, participant_id=buyer, n=100, balance=10**6, profile={"age": None})
    assert set(ids(told)) == own


def test_max_price_limits_the_price_and_leaves_the_balance(client: TestClient) -> None:
    answer = ask(client, balance=HALF, max_price=300_000, n=100)
    assert answer["balance"] == HALF
    assert max(item["price"] for item in answer["items"]) <= 300_000
    assert all(item["balance_after"] == HALF - item["price"] for item in answer["items"])
    low = ask(client, balance=300_000, max_price=HALF, n=100)
    assert ids(low) == ids(answer)


def test_a_course_that_costs_all_that_is_left_is_offered(client: TestClient) -> None:
    dearest = max(ask(client, n=100)["items"], key=lambda item: item["price"])
    answer = ask(client, n=100, balance=dearest["price"])
    assert dearest["course_id"] in ids(answer)
    assert dearest["course_id"] not in ids(ask(client, n=100, balance=dearest["price"] - 1))


def test_category_and_exclude(client: TestClient) -> None:
    everything = ask(client, n=100)
    category = everything["items"][0]["category"]
    some = ask(client, n=100, category=category)
    assert ids(some) == [
        item["course_id"] for item in everything["items"] if item["category"] == category
    ]
    unwanted = ids(some)[:2]
    assert ids(ask(client, n=100, category=category, exclude=unwanted)) == ids(some)[2:]
    assert ask(client, category="no such category")["items"] == []


def test_as_of_decides_what_is_on_sale_and_is_in_the_datasets_zone(
    client: TestClient, world: ServingWorld
) -> None:
    courses = world.artifact.policy.courses
    assert ask(client, as_of="1990-01-01")["items"] == []
    last_s = int(courses.on_sale_until_s.min())  # the last second of the first to leave
    gone = str(courses.course_ids[int(courses.on_sale_until_s.argmin())])
    moment = datetime.fromtimestamp(last_s, UTC)
    local = moment.astimezone(ZoneInfo("Asia/Jakarta"))
    profile = {"age": 64, "education": "Sarjana"}
    for text in (
        moment.isoformat(),
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        local.isoformat(),
        local.replace(tzinfo=None).isoformat(),
    ):
        assert gone in ids(ask(client, as_of=text, n=100, profile=profile)), text
    later = local.replace(tzinfo=None) + timedelta(seconds=1)
    assert gone not in ids(ask(client, as_of=later.isoformat(), n=100, profile=profile))


def test_without_as_of_the_moment_is_the_cutoff(client: TestClient, world: ServingWorld) -> None:
    cutoff = datetime.fromtimestamp(world.artifact.manifest.cutoff_s, UTC).isoformat()
    assert ask(client, n=100)["items"] == ask(client, n=100, as_of=cutoff)["items"]


def test_reasons_come_when_asked_and_claim_nothing_of_a_course_nobody_chose(
    client: TestClient, world: ServingWorld
) -> None:
    plain = ask(client, participant_id=world.people.buyer, n=100)
    assert all(item["reasons"] == [] for item in plain["items"])
    told = ask(client, participant_id=world.people.buyer, n=100, explain=True)
    for item in told["items"]:
        assert bool(item["reasons"]) == (item["score"] != 0)
        total = sum(reason["contribution"] for reason in item["reasons"])
        assert total == pytest.approx(item["score"], rel=1e-4, abs=1e-7)
    assert {"history", "popular"} <= sources(told)


def test_null_is_the_same_as_leaving_it_out(client: TestClient, world: ServingWorld) -> None:
    nothing = dict.fromkeys(
        ("balance", "n", "purchased", "profile", "exclude", "category", "max_price", "as_of")
    )
    plain = ask(client, participant_id=world.people.buyer)
    answer = ask(client, participant_id=world.people.buyer, explain=None, **nothing)
    assert answer["items"] == plain["items"]
    assert answer["balance"] == plain["balance"]


def test_every_answer_has_its_own_request_id_which_the_header_repeats(client: TestClient) -> None:
    first, second = (client.post("/recommend", json={}) for _ in range(2))
    assert first.json()["request_id"] == first.headers["x-request-id"]
    assert first.json()["request_id"] != second.json()["request_id"]
