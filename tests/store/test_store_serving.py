"""What the store knows counts in the next answer, of any worker."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.store.asking import LATER, asked, loaded, purchase, sent, without_names
from tests.store.conftest import Serving
from tests.store.store_world import AT, StoreWorld


def test_a_loaded_store_answers_as_the_snapshot_does(
    url: str, world: StoreWorld, serving: Serving
) -> None:
    people = [{"participant_id": name, "n": 100} for name in world.ids]
    with serving(url) as client:  # still empty: the snapshot answers
        before = client.post("/recommend_batch", json={"requests": people}).json()["results"]
    loaded(url, world)
    with serving(url) as client:
        after = client.post("/recommend_batch", json={"requests": people}).json()["results"]
        single = [asked(client, participant_id=name) for name in world.ids[:20]]
    assert len(before) == len(world.ids)
    assert [without_names(one) for one in after] == [without_names(one) for one in before]
    assert [without_names(one) for one in single] == [without_names(one) for one in after[:20]]


def test_a_purchase_counts_in_the_next_answer_of_another_worker(
    url: str, world: StoreWorld, serving: Serving
) -> None:
    loaded(url, world)
    with serving(url) as one, serving(url) as other:
        before = asked(other, participant_id=world.buyer)
        course = before["items"][0]
        event = purchase("e1", world.buyer, course["course_id"])
        assert sent(one, event) == {"accepted": 1, "repeated": 0, "rejected": []}
        after = asked(other, participant_id=world.buyer)
        assert after["balance"] == before["balance"] - course["price"]
        assert course["course_id"] not in {item["course_id"] for item in after["items"]}
        named = asked(other, participant_id=world.buyer, purchased=[])
        assert course["course_id"] not in {item["course_id"] for item in named["items"]}
        seen = other.get(f"/participants/{world.buyer}").json()
        assert seen["known_from"] == "store"
        assert seen["history"][-1]["course_id"] == course["course_id"]
        assert seen["history"][-1]["status"] == "active"


def test_what_the_snapshot_knew_is_kept_when_a_participant_comes_into_the_store(
    url: str, world: StoreWorld, serving: Serving
) -> None:
    """A finish where a training goes on, else a purchase: what is asked for is the same."""
    with serving(url) as client:
        for name in {world.buyer, world.newcomer, world.hidden, world.canceller, *world.ids[:20]}:
            before = client.get(f"/participants/{name}").json()
            course = next(
                c
                for c in world.dataset.courses["course_id"]
                if c not in {one["course_id"] for one in before["history"]}
            )
            goes_on = [one["course_id"] for one in before["history"] if one["status"] == "active"]
            event = purchase(f"first of {name}", name, course)
            if goes_on:
                event |= {"kind": "finish", "course_id": goes_on[0], "at": LATER}
            left = asked(client, participant_id=name, exclude=[course], balance=200_000)
            assert sent(client, event)["accepted"] == 1
            after = asked(client, participant_id=name, exclude=[course], balance=200_000)
            now = client.get(f"/participants/{name}").json()
            paid = 0 if goes_on else world.price(course)
            assert (now["balance"], now["grant"]) == (before["balance"] - paid, before["grant"])
            assert (now["known_from"], now["profile"]) == ("store", before["profile"])
            kept = now["history"] if goes_on else now["history"][:-1]
            bought = [(one["course_id"], one["purchased_at"], one["price_paid"]) for one in kept]
            assert bought == [
                (one["course_id"], one["purchased_at"], one["price_paid"])
                for one in before["history"]
            ]
            ids = [{item["course_id"] for item in one["items"]} for one in (left, after)]
            assert ids[0] == ids[1]  # ages, education and what is owned still hold


def test_opting_out_is_honoured_from_the_store(
    url: str, world: StoreWorld, serving: Serving
) -> None:
    loaded(url, world)
    with serving(url) as client:
        answer = asked(client, participant_id=world.hidden)
        assert {item["source"] for item in answer["items"]} == {"popular"}
        seen = client.get(f"/participants/{world.hidden}").json()
        assert seen["opted_out"] is True
        assert seen["profile"] == {}


def test_somebody_unknown_is_known_after_a_purchase(
    url: str, world: StoreWorld, serving: Serving
) -> None:
    with serving(url) as client:
        assert client.get("/participants/new").status_code == 404
        course = world.affordable(300_000)
        assert sent(client, purchase("e1", "new", course))["accepted"] == 1
        seen = client.get("/participants/new").json()
        assert seen["balance"] == 1_000_000 - world.price(course)
        assert asked(client, participant_id="new")["balance"] == seen["balance"]


def test_deadlines_are_inclusive_days_in_the_datasets_zone(
    url: str, world: StoreWorld, serving: Serving
) -> None:
    loaded(url, world)
    with serving(url) as client:
        until = client.get(f"/participants/{world.newcomer}").json()["deadlines"]
        assert until == {
            "first_purchase": "2021-12-14",  # announced on 15 November, 30 days with that day
            "next_purchase": None,
            "last_spending_day": "2021-12-15",
            "buy_until": "2021-12-14",
        }
        course = world.affordable(300_000, not_of=world.newcomer)
        late = purchase("e1", world.newcomer, course, at="2021-12-15T00:00:00+07:00")
        in_time = purchase("e2", world.newcomer, course, at="2021-12-14T23:59:59+07:00")
        assert [one["error"]["code"] for one in sent(client, late)["rejected"]] == ["too_late"]
        assert sent(client, in_time)["accepted"] == 1


def test_a_plan_waits_for_the_training_of_the_store_until_it_is_rated(
    url: str, world: StoreWorld, serving: Serving
) -> None:
    loaded(url, world)
    with serving(url) as client:

        def planned() -> dict[str, Any]:
            body = {"participant_id": world.newcomer, "as_of": AT}
            response = client.post("/plan", json=body)
            assert response.status_code == 200, response.text
            answer: dict[str, Any] = response.json()
            return answer

        before = planned()
        assert before["deadline"]["kind"] == "first_purchase"
        course = before["alternatives"][0]["courses"][0]
        assert course["buy"] == AT[:10]
        assert sent(client, purchase("e1", world.newcomer, course["course_id"]))["accepted"] == 1
        running = planned()
        assert running["deadline"]["kind"] == "last_spending_day"
        rated = date.fromisoformat(course["finish"]) + timedelta(days=1)
        assert running["alternatives"][0]["courses"][0]["buy"] == str(rated)
        end = {"event_id": "e2", "kind": "finish", "rating": 5, "at": "2021-11-20T15:00:00+07:00"}
        of = {"participant_id": world.newcomer, "course_id": course["course_id"]}
        assert sent(client, end | of)["accepted"] == 1
        assert planned()["alternatives"][0]["courses"][0]["buy"] == AT[:10]


def test_readiness_says_that_the_store_is_up(url: str, serving: Serving) -> None:
    with serving(url) as client:
        assert client.get("/readyz").json() == {"status": "ready", "store": "up"}
