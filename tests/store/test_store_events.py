"""Events: recorded once, judged by the scheme, and each bad one told by its place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from saldopas.store.engine import open_store
from saldopas.store.schema import PARTICIPANTS
from starlette.testclient import TestClient

from tests.store.asking import loaded, purchase, sent
from tests.store.conftest import Serving
from tests.store.store_world import AT, StoreWorld, make_store_world


@pytest.fixture(scope="module")
def world_2023(tmp_path_factory: pytest.TempPathFactory) -> StoreWorld:
    return make_store_world(tmp_path_factory.mktemp("world_2023"), scheme="2023")


@pytest.fixture(scope="module")
def world_without_scheme(tmp_path_factory: pytest.TempPathFactory) -> StoreWorld:
    return make_store_world(tmp_path_factory.mktemp("world_none"), scheme="none")


def cheapest(world: StoreWorld) -> list[str]:
    """Two courses that every grant pays for."""
    return [str(name) for name in world.dataset.courses.nsmallest(2, "price")["course_id"]]


def grant(url: str, name: str, rp: int) -> None:
    """What the participant has to begin with."""
    people = PARTICIPANTS.c
    engine = open_store(url)
    with engine.begin() as connection:
        connection.execute(
            sa.update(PARTICIPANTS).where(people.participant_id == name).values(balance=rp)
        )
    engine.dispose()


def codes(answer: dict[str, Any]) -> list[tuple[int, str]]:
    return [(one["place"], one["error"]["code"]) for one in answer["rejected"]]


def balance(client: TestClient, name: str) -> int:
    return int(client.get(f"/participants/{name}").json()["balance"])


def cancel_until(client: TestClient, name: str) -> str | None:
    newest: dict[str, str | None] = client.get(f"/participants/{name}").json()["history"][-1]
    return newest["cancel_until"]


def test_the_same_event_is_recorded_once_and_another_with_its_id_is_refused(
    url: str, world: StoreWorld, serving: Serving
) -> None:
    loaded(url, world)
    course = world.affordable(400_000, not_of=world.buyer)
    event = purchase("e1", world.buyer, course)
    with serving(url) as client:
        before = balance(client, world.buyer)
        assert sent(client, event, event) == {"accepted": 1, "repeated": 1, "rejected": []}
        assert sent(client, event)["repeated"] == 1
        assert balance(client, world.buyer) == before - world.price(course)
        other = sent(client, {**event, "price": 1})
        assert codes(other) == [(0, "id_taken")]


def test_each_event_of_a_request_is_judged_after_those_before_it(
    url: str, world: StoreWorld, serving: Serving
) -> None:
    loaded(url, world)
    course = world.affordable(400_000, not_of=world.buyer)
    with serving(url) as client:
        answer = sent(
            client,
            purchase("a", world.buyer, course),
            purchase("b", world.buyer, course),
            purchase("c", world.buyer, "no such course"),
            {"event_id": "d", "kind": "purchase", "participant_id": world.buyer},
            {"event_id": "e", "kind": "eats", "participant_id": world.buyer},
            {"event_id": "f", "kind": "finish", "participant_id": world.buyer, "course_id": course,
             "at": "2021-11-21T09:00:00+07:00", "rating": 4.5},
            {"event_id": "g", "kind": "impression", "participant_id": world.buyer},
            7,
        )  # fmt: skip
        assert answer["accepted"] == 3
        assert codes(answer) == [
            (1, "already_bought"), (2, "unknown_course"), (3, "out_of_range"), (4, "out_of_range"),
            (7, "wrong_type"),
        ]  # fmt: skip
        newest = client.get(f"/participants/{world.buyer}").json()["history"][-1]
        assert (newest["status"], newest["rating"]) == ("completed", 4.5)


def test_what_costs_more_than_is_left_is_refused_and_what_costs_all_of_it_is_not(
    url: str, world: StoreWorld, serving: Serving
) -> None:
    loaded(url, world)
    course = world.affordable(1_000_000, not_of=world.newcomer)
    price = world.price(course)
    with serving(url) as client:
        grant(url, world.newcomer, price - 1)
        above = sent(client, purchase("a", world.newcomer, course))
        assert codes(above) == [(0, "above_balance")]
        grant(url, world.newcomer, price)
        assert sent(client, purchase("b", world.newcomer, course))["accepted"] == 1
        assert balance(client, world.newcomer) == 0


@pytest.mark.parametrize("off_by", [-1, 1, None])
def test_a_price_that_is_not_the_courses_is_refused(
    url: str, world: StoreWorld, serving: Serving, off_by: int | None
) -> None:
    """None: it is named as free."""
    loaded(url, world)
    course = world.affordable(400_000, not_of=world.newcomer)
    price = world.price(course)
    named = 0 if off_by is None else price + off_by
    with serving(url) as client:
        before = balance(client, world.newcomer)
        answer = sent(client, purchase("a", world.newcomer, course, price=named))
        assert codes(answer) == [(0, "price_differs")]
        assert answer["rejected"][0]["error"]["field"] == "price"
        assert balance(client, world.newcomer) == before
        assert sent(client, purchase("a", world.newcomer, course, price=price))["accepted"] == 1
        assert balance(client, world.newcomer) == before - price


@pytest.mark.parametrize("scheme", ["2021", "2023"])
def test_the_next_purchase_waits_until_the_last_training_is_finished(
    url: str, world: StoreWorld, world_2023: StoreWorld, serving: Serving, scheme: str
) -> None:
    chosen = world if scheme == "2021" else world_2023
    one, two = cheapest(chosen)
    at = "2021-11-21T09:00:00+07:00"
    finish = {"event_id": "c", "kind": "finish", "participant_id": "new", "course_id": one,
              "at": at, "rating": 4}  # fmt: skip
    with serving(url, chosen) as client:
        assert sent(client, purchase("a", "new", one))["accepted"] == 1
        early = sent(client, purchase("b", "new", two))
        assert codes(early) == [(0, "previous_not_finished")]
        assert sent(client, finish)["accepted"] == 1
        dated_back = sent(client, purchase("b", "new", two))
        assert codes(dated_back) == [(0, "previous_not_finished")]
        assert sent(client, purchase("b", "new", two, at=at))["accepted"] == 1


def test_a_cancelled_training_holds_up_no_purchase(
    url: str, world_2023: StoreWorld, serving: Serving
) -> None:
    one, two = cheapest(world_2023)
    cancel = {"event_id": "b", "kind": "cancel", "participant_id": "new", "course_id": one,
              "at": AT}  # fmt: skip
    with serving(url, world_2023) as client:
        bought = (purchase("a", "new", one), cancel, purchase("c", "new", two))
        assert sent(client, *bought)["accepted"] == 3


def test_without_a_scheme_trainings_may_go_on_side_by_side(
    url: str, world_without_scheme: StoreWorld, serving: Serving
) -> None:
    one, two = cheapest(world_without_scheme)
    with serving(url, world_without_scheme) as client:
        assert sent(client, purchase("a", "new", one), purchase("b", "new", two))["accepted"] == 2


def test_in_2021_nobody_cancels(url: str, world: StoreWorld, serving: Serving) -> None:
    course = world.affordable(300_000)
    with serving(url) as client:
        bought = purchase("a", "new", course)
        answer = sent(client, bought, {**bought, "event_id": "b", "kind": "cancel"})
        assert codes(answer) == [(1, "no_cancelling")]
        assert cancel_until(client, "new") is None


def test_in_2023_cancelling_gives_the_money_back_and_the_course_never_again(
    url: str, world_2023: StoreWorld, serving: Any
) -> None:
    course = world_2023.affordable(300_000)
    bought = purchase("a", "new", course, starts_at="2021-11-30T09:00:00+07:00")

    def cancelled(event_id: str, name: str, at: str) -> dict[str, Any]:
        return {"event_id": event_id, "kind": "cancel", "participant_id": name,
                "course_id": course, "at": at}  # fmt: skip

    with serving(url, world_2023) as client:
        assert sent(client, bought)["accepted"] == 1
        assert balance(client, "new") == 3_500_000 - world_2023.price(course)
        assert cancel_until(client, "new") == "2021-11-23"  # three days after the purchase
        late = cancelled("b", "new", "2021-11-24T00:00:00+07:00")
        assert codes(sent(client, late)) == [(0, "too_late")]
        in_time = cancelled("c", "new", "2021-11-23T23:59:00+07:00")
        assert sent(client, in_time)["accepted"] == 1
        assert balance(client, "new") == 3_500_000
        assert cancel_until(client, "new") is None
        again = purchase("d", "new", course, at="2021-11-24T09:00:00+07:00")
        assert codes(sent(client, again)) == [(0, "cancelled_before")]
        answer = client.post("/recommend", json={"participant_id": "new", "n": 100}).json()
        assert course not in {item["course_id"] for item in answer["items"]}
        soon = purchase("e", "other", course, starts_at="2021-11-22T09:00:00+07:00")
        sent(client, soon)
        assert cancel_until(client, "other") == "2021-11-19"  # three days before the start
        assert codes(sent(client, cancelled("f", "other", AT))) == [(0, "too_late")]


def test_the_next_purchase_is_due_within_fifteen_days_of_the_last_rating(
    url: str, world_2023: StoreWorld, serving: Any
) -> None:
    one, two = world_2023.dataset.courses["course_id"][:2]
    finish = {"event_id": "b", "kind": "finish", "participant_id": "new", "course_id": one,
              "at": "2024-03-01T10:00:00+07:00", "rating": 5}  # fmt: skip
    with serving(url, world_2023) as client:
        bought = purchase("a", "new", one, at="2024-02-28T10:00:00+07:00")
        assert sent(client, bought, finish)["accepted"] == 2
        until = client.get("/participants/new").json()["deadlines"]
        assert until["next_purchase"] == "2024-03-15"
        late = purchase("c", "new", two, at="2024-03-16T00:00:00+07:00")
        assert codes(sent(client, late)) == [(0, "too_late")]


def test_without_a_store_events_are_not_acknowledged(world: StoreWorld) -> None:
    from saldopas.serving.http.app import create_app
    from saldopas.serving.http.settings import Settings
    from saldopas.serving.model.loaded import ModelSlot

    settings = Settings(artifact=world.path, log_requests=False)
    slot = ModelSlot()
    slot.load(settings)
    with TestClient(
        create_app(slot, settings), base_url="http://localhost", client=("127.0.0.1", 1)
    ) as client:
        answer = client.post("/events", json={"events": [purchase("a", "x", "y")]})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "no_store")
        assert client.get(f"/participants/{world.buyer}").json()["known_from"] == "snapshot"


@pytest.mark.parametrize(
    ("moments", "field"),
    [
        ({"at": "1970-01-01T00:00:00+14:00"}, "at"),
        ({"at": "1970-01-01"}, "at"),  # of Jakarta, where it is the day before elsewhere
        ({"at": "2999-12-31"}, "at"),
        ({"at": None, "starts_at": "2021-01-01"}, "starts_at"),
        ({"starts_at": "2101-01-02"}, "starts_at"),
    ],
)
def test_a_moment_that_no_dataset_may_hold_is_refused(
    url: str, world: StoreWorld, serving: Serving, moments: dict[str, Any], field: str
) -> None:
    """It would be kept, and the store could be trained on no more."""
    course = world.affordable(300_000, not_of=world.buyer)
    with serving(url) as client:
        [rejected] = sent(client, purchase("e1", world.buyer, course) | moments)["rejected"]
        assert rejected["error"]["code"] == "out_of_range"
        assert rejected["error"]["field"] == field
        ahead = (datetime.now(UTC) + timedelta(hours=23)).isoformat()  # a clock of its own
        shown = {"event_id": "e2", "kind": "impression", "participant_id": world.buyer}
        assert sent(client, shown | {"at": ahead})["accepted"] == 1
