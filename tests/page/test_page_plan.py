"""The plan: adds up at every width, and is never somebody else's or of before a purchase."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route

from tests.page.dashboard import Dashboard, rupiah
from tests.page.page_world import DESKTOP, PHONE, Served

pytestmark = pytest.mark.slow

Visit = Callable[..., Dashboard]


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_plan_is_seen_whole_at_every_width(
    visit: Visit, served: Served, size: tuple[int, int]
) -> None:
    shown = visit(size).enter(served.people.newcomers[11])
    shown.go("rencana")
    shown.page.wait_for_selector("[data-key=take]")
    wide = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for choice in range(shown.page.locator(".choice").count()):
        shown.page.locator(".choice").nth(choice).click()
        assert shown.page.is_checked(f"[data-key=plan-{choice}]")
        assert shown.page.evaluate(wide) <= 0
        for part in shown.page.locator(".choice, .line, .line .running, [data-key=take]").all():
            box = part.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= size[0]
        days = shown.page.locator(".line:has(.minus)").all_inner_texts()
        assert days
        assert all(re.search(r"Beli \d+ \w+ 2021, selesai \d+ \w+ 2021", one) for one in days)
        names = shown.page.locator(".choice-name").all_inner_texts()
        assert len(set(names)) == len(names)


def test_an_answer_for_somebody_who_left_is_dropped(visit: Visit, served: Served) -> None:
    first, second = served.people.newcomers[12], served.people.buyers[12]
    shown = visit().enter(first)
    held: list[Route] = []
    shown.page.route("**/plan", lambda route: held.append(route))
    shown.go("rencana")
    shown.page.wait_for_selector(".view [aria-busy=true]")
    shown.page.click("#leave")
    shown.page.wait_for_selector("#entry-id")
    with shown.page.expect_response("**/plan"):
        held[0].continue_()
    shown.page.unroute("**/plan")
    shown.enter(second)
    shown.go("rencana")
    shown.page.wait_for_selector(".line.start")
    assert rupiah(shown.page.inner_text(".line.start .running")) == served.balance(second)


def test_a_list_for_somebody_who_left_is_dropped(visit: Visit, served: Served) -> None:
    shown = visit().enter(served.people.newcomers[12])
    held: list[Route] = []
    shown.page.route("**/recommend", lambda route: held.append(route))
    shown.page.select_option("#filter-price", "250000")
    shown.page.wait_for_selector("#list[aria-busy=true]")
    shown.page.click("#leave")
    shown.page.wait_for_selector("#entry-id")
    with shown.page.expect_response("**/recommend"):
        held[0].continue_()
    shown.page.unroute("**/recommend")
    assert shown.enter(served.people.buyers[12]).amount == served.balance(served.people.buyers[12])
