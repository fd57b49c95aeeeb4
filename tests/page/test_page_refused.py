"""Who is not let in, or no longer, is told why and may go on from there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Route

from tests.page.dashboard import Dashboard
from tests.page.page_world import Served

pytestmark = pytest.mark.slow

Visit = Callable[..., Dashboard]


def test_somebody_who_was_erased_is_back_at_the_way_in(visit: Visit, served: Served) -> None:
    who = served.people.newcomers[16]
    shown = visit().enter(who)
    shown.expects.append("404")
    served.erase(who)
    shown.page.reload()
    shown.page.wait_for_selector("#entry-form .wrong:not(:empty)")
    assert "ID ini tidak dikenal" in shown.page.inner_text("#entry-form .wrong")
    assert shown.page.evaluate("document.activeElement.id") == "entry-id"
    assert shown.page.evaluate("sessionStorage.length") == 0
    assert shown.page.is_hidden("#leave")
    shown.enter(served.people.newcomers[17])
    assert shown.amount == served.balance(served.people.newcomers[17])


def test_one_may_leave_while_nothing_can_be_loaded(visit: Visit, served: Served) -> None:
    shown = visit().enter(served.people.newcomers[17])
    shown.expects.append("500")
    broken = {"error": {"code": "failed", "message": "", "field": None}}
    shown.page.route("**/participants/*", lambda route: route.fulfill(status=500, json=broken))
    shown.page.reload()
    shown.page.wait_for_selector("[data-key=retry]")
    assert "Ada yang tidak beres" in shown.page.inner_text(".blank")
    assert shown.page.locator("h1").count() == 1
    shown.page.click("#leave")
    assert shown.page.input_value("#entry-id") == ""


def test_who_leaves_while_their_data_is_on_its_way_is_gone(visit: Visit, served: Served) -> None:
    shown = visit().enter(served.people.newcomers[21])
    held: list[Route] = []
    shown.page.route("**/participants/*", lambda route: held.append(route))
    shown.page.reload()
    shown.page.wait_for_selector(".waiting")
    while not held:
        shown.page.wait_for_timeout(10)
    shown.page.click("#leave")
    shown.page.wait_for_selector("#entry-id")
    with shown.page.expect_response("**/participants/*"):
        held[0].continue_()
    shown.page.unroute("**/participants/*")
    shown.enter(served.people.newcomers[17])
    assert shown.amount == served.balance(served.people.newcomers[17])


def test_a_key_that_is_taken_back_is_told_of_where_it_was_entered(
    visit: Visit, served: Served
) -> None:
    shown = visit().enter(served.people.newcomers[17])
    shown.expects.append("401")
    unknown = {"error": {"code": "no_key", "message": "", "field": None}}
    shown.page.route("**/recommend", lambda route: route.fulfill(status=401, json=unknown))
    shown.page.select_option("#filter-price", "250000")
    shown.page.wait_for_selector("#entry-form .wrong:not(:empty)")
    assert "Kunci akses tidak diterima" in shown.page.inner_text("#entry-form .wrong")


def test_a_key_that_may_not_ask_is_not_told_of_purchases(visit: Visit, served: Served) -> None:
    shown = visit()
    shown.expects.append("403")
    shown.enter(served.people.newcomers[17], served.events_key)
    assert "tidak boleh meminta rekomendasi" in shown.page.inner_text("#list .blank")
    assert shown.page.locator("[data-key=retry]").count() == 0  # it would not help


def test_a_key_that_may_not_buy_is_told_so(visit: Visit, served: Served) -> None:
    shown = visit()
    shown.expects.append("403")
    shown.enter(served.people.newcomers[17], served.weak_key).buy_first()
    shown.page.wait_for_selector("#dialog .wrong:not(:empty)")
    assert "tidak boleh mencatat pembelian" in shown.page.inner_text("#dialog .wrong")


def test_a_trial_with_a_wrong_key_says_so_at_the_field(visit: Visit, served: Served) -> None:
    shown = visit()
    shown.expects.append("401")
    shown.page.fill("#trial-balance", "600000")
    shown.page.fill("#trial-key", "sp_wrong")
    shown.page.keyboard.press("Enter")
    shown.page.wait_for_selector("#trial-key[aria-invalid=true]")
    assert "Kunci akses tidak diterima" in shown.page.inner_text("#trial-form .wrong")
    assert shown.page.evaluate("document.activeElement.id") == "trial-key"
    assert shown.page.input_value("#trial-balance") == "600000"
    assert shown.page.inner_text("#said") == ""
