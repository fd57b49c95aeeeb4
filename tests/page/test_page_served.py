"""What the page asks for is what it shows, and a purchase names the list that led to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Request

from tests.page.dashboard import Dashboard, rupiah
from tests.page.page_world import Served

pytestmark = pytest.mark.slow

Visit = Callable[..., Dashboard]


def asked(shown: Dashboard, path: str) -> list[dict[str, Any]]:
    """The bodies that go to a path from now on."""
    bodies: list[dict[str, Any]] = []

    def seen(request: Request) -> None:
        if request.url.endswith(path):
            bodies.append(json.loads(request.post_data or "{}"))

    shown.page.on("request", seen)
    return bodies


def test_a_purchase_names_the_list_that_showed_the_course(visit: Visit, served: Served) -> None:
    shown = visit()
    events = asked(shown, "/events")
    with shown.page.expect_response("**/recommend") as answer:
        shown.enter(served.people.newcomers[18])
    first = answer.value.json()
    with shown.page.expect_response("**/recommend") as answer:
        shown.more()
    second = answer.value.json()
    assert first["request_id"] != second["request_id"]
    shown.cards.nth(8).locator(".primary").click()
    shown.page.click("[data-key=dialog-go]")
    shown.page.wait_for_selector("#dialog:not([open])", state="attached")
    [[event]] = [body["events"] for body in events]
    assert event["course_id"] == second["items"][0]["course_id"]
    assert event["request_id"] == second["request_id"]


def test_a_purchase_from_a_plan_names_the_plan(visit: Visit, served: Served) -> None:
    shown = visit().enter(served.people.newcomers[19])
    events = asked(shown, "/events")
    with shown.page.expect_response("**/plan") as answer:
        shown.go("rencana")
    shown.page.click("[data-key=take]")
    shown.page.click("[data-key=dialog-go]")
    shown.page.wait_for_selector(".pinned .done")
    assert events[0]["events"][0]["request_id"] == answer.value.json()["request_id"]


def test_no_more_is_asked_for_than_is_shown(visit: Visit, served: Served) -> None:
    shown = visit()
    bodies = asked(shown, "/recommend")
    shown.enter(served.people.newcomers[20])
    keys = [key.removeprefix("details-") for key in data_keys(shown)]
    shown.more()
    assert [body["n"] for body in bodies] == [8, 8]
    assert [body["exclude"] for body in bodies] == [[], keys]
    assert data_keys(shown)[:8] == [f"details-{key}" for key in keys]
    shown.page.select_option("#filter-mode", "Webinar")  # the service has no such filter
    shown.settled()
    assert bodies[-1]["n"] == 48
    assert all("Webinar" in meta for meta in shown.page.locator(".cards .meta").all_inner_texts())
    assert shown.page.locator("[data-key=more]").count() == 0


def data_keys(shown: Dashboard) -> list[str]:
    found = shown.page.locator(".cards .details").all()
    return [one.get_attribute("data-key") or "" for one in found]


def test_the_end_of_what_is_allowed_is_reached(visit: Visit, served: Served) -> None:
    shown = visit().enter(served.people.newcomers[20])
    shown.page.select_option("#filter-price", "250000")
    shown.settled()
    while shown.page.locator("[data-key=more]").count():
        shown.more()
        focused = shown.page.evaluate("document.activeElement.className")
        assert focused == "quiet details"
    prices = shown.page.locator(".cards .price").all_inner_texts()
    assert max(rupiah(text) for text in prices) <= 250_000
    assert len(set(shown.titles)) == shown.cards.count() > 8


def test_details_ask_for_neighbours_and_log_no_list(visit: Visit, served: Served) -> None:
    shown = visit().enter(served.people.newcomers[20])
    bodies = asked(shown, "/recommend")
    for place in range(shown.cards.count()):
        with shown.page.expect_response("**/similar?n=*") as answer:
            shown.cards.nth(place).locator(".details").click()
        shown.page.wait_for_selector("#dialog[open]")
        items = answer.value.json()["items"]
        if items and shown.page.locator("#dialog .similar").count():  # late ones are left out
            text = shown.page.inner_text("#dialog .similar li >> nth=0")
            most = max(items, key=lambda one: one["people"]["took"])
            people = most["people"]
            assert most["title"] in text
            assert f"{people['took']} dari {people['of']} peserta pelatihan ini" in text
            break
        shown.page.keyboard.press("Escape")
    else:
        pytest.fail("no neighbours were shown")
    assert bodies == []
