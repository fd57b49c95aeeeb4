"""Coming in, reading, filtering, changing the language: with a mouse, a keyboard, on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.page.dashboard import Dashboard, rupiah
from tests.page.page_world import HOSTILE, PHONE, Served

pytestmark = pytest.mark.slow

Visit = Callable[..., Dashboard]


def test_courses_come_with_prices_reasons_and_what_is_left(visit: Visit, served: Served) -> None:
    shown = visit().enter(served.people.buyers[0])
    assert shown.amount == served.balance(served.people.buyers[0])
    assert shown.cards.count() == 8
    for card in shown.cards.all():
        price = rupiah(card.locator(".price").inner_text())
        assert rupiah(card.locator(".after").inner_text()) == shown.amount - price
        assert card.locator(".reason").inner_text().strip()
    shown.more()
    assert shown.cards.count() == len(set(shown.titles)) == 16
    assert shown.page.evaluate("document.activeElement.className") == "quiet details"
    shown.cards.first.locator(".details").click()
    shown.page.wait_for_selector("#dialog[open]")
    assert shown.page.inner_text("#dialog-title") == shown.titles[0]
    assert shown.page.locator("#dialog .reasons li").count() > 0
    shown.page.keyboard.press("Escape")
    assert shown.page.locator("#dialog[open]").count() == 0
    assert "Lihat Detail" in shown.page.evaluate("document.activeElement.ariaLabel")


def test_a_hostile_title_is_only_text(visit: Visit, served: Served) -> None:
    shown = visit().enter(served.people.newcomers[0])
    while HOSTILE not in shown.titles:
        shown.more()
    card = shown.cards.nth(shown.titles.index(HOSTILE))
    assert card.locator("h2").inner_html().startswith("&lt;img")
    card.locator(".details").click()
    shown.page.wait_for_selector("#dialog[open]")
    assert shown.page.inner_text("#dialog-title") == HOSTILE
    assert shown.page.locator("#main img, #main b, #dialog img, #dialog b").count() == 0


def test_filters_leave_what_they_say(visit: Visit, served: Served) -> None:
    shown = visit().enter(served.people.newcomers[1])
    shown.page.select_option("#filter-price", "250000")
    shown.settled()
    prices = [rupiah(text) for text in shown.page.locator(".cards .price").all_inner_texts()]
    assert prices
    assert max(prices) <= 250_000
    shown.page.select_option("#filter-category", "Bahasa Asing")
    shown.settled()
    assert set(shown.page.locator(".eyebrow").all_inner_texts()) == {"Bahasa Asing"}
    shown.page.select_option("#filter-mode", "Webinar")
    shown.settled()
    metas = shown.page.locator(".cards .meta").all_inner_texts()
    assert all("Webinar" in meta for meta in metas)
    shown.page.click("[data-key=clear] >> nth=0") if metas else shown.page.click(".blank button")
    shown.settled()
    assert shown.page.input_value("#filter-price") == ""
    assert len(set(shown.page.locator(".eyebrow").all_inner_texts())) > 1


def test_english_is_remembered_and_the_rest_forgotten_on_leaving(
    visit: Visit, served: Served
) -> None:
    shown = visit().enter(served.people.buyers[1])
    shown.page.click("#language")
    shown.page.wait_for_selector("html[lang=en]")
    assert shown.page.inner_text("h1") == "Recommended courses"
    assert "left" in shown.cards.first.locator(".after").inner_text()
    shown.page.reload()
    shown.settled()
    assert shown.page.inner_text("h1") == "Recommended courses"
    shown.page.click("#leave")
    assert shown.page.input_value("#entry-id") == ""
    assert shown.page.evaluate("sessionStorage.length") == 0
    assert shown.page.evaluate("Object.keys(localStorage)") == ["saldopas.language"]
    assert served.people.buyers[1] not in shown.page.content()


def test_a_purchase_with_the_keyboard_alone(visit: Visit, served: Served) -> None:
    shown = visit()
    press = shown.page.keyboard.press

    def tab_to(wanted: str) -> None:
        for _ in range(60):
            press("Tab")
            if shown.page.evaluate("(css) => document.activeElement.matches(css)", wanted):
                break
        style = "getComputedStyle(document.activeElement).outlineStyle"
        assert shown.page.evaluate("(css) => document.activeElement.matches(css)", wanted)
        assert shown.page.evaluate(style) != "none"  # the focus is seen

    tab_to("#entry-id")
    shown.page.keyboard.type(served.people.newcomers[2])
    tab_to("#entry-key")
    shown.page.keyboard.type(served.key)
    press("Enter")
    shown.settled()
    before = shown.amount
    tab_to(".cards .primary")
    press("Enter")
    assert shown.page.evaluate("document.activeElement.id") == "dialog-title"
    tab_to("[data-key=dialog-go]")
    press("Enter")
    shown.page.wait_for_selector("#dialog:not([open])", state="attached")
    shown.page.wait_for_function(f"document.querySelector('#amount').textContent !== '{before}'")
    shown.settled()
    assert shown.amount == served.balance(served.people.newcomers[2]) < before
    assert "berhasil dibeli" in shown.page.inner_text("#said")
    assert shown.page.evaluate("document.activeElement.id") == "view-title"


def test_who_is_not_let_in_is_told_why(visit: Visit, served: Served) -> None:
    shown = visit()
    shown.expects.append("401|404")
    shown.page.fill("#entry-id", served.people.buyers[0])
    shown.page.fill("#entry-key", "sp_wrong")
    shown.page.keyboard.press("Enter")
    shown.page.wait_for_selector("#entry-form .wrong:not(:empty)")
    assert "Kunci akses tidak diterima" in shown.page.inner_text("#entry-form .wrong")
    assert shown.page.evaluate("document.activeElement.id") == "entry-key"
    shown.page.fill("#entry-id", "nobody-we-know")
    shown.page.fill("#entry-key", served.key)
    shown.page.keyboard.press("Enter")
    shown.page.wait_for_selector("#entry-id[aria-invalid=true]")
    assert "tidak dikenal" in shown.page.inner_text("#entry-form .wrong")


def test_a_key_that_may_not_read_people_still_gets_courses(visit: Visit, served: Served) -> None:
    shown = visit()
    shown.expects.append("403")
    shown.enter(served.people.buyers[2], served.weak_key)
    assert shown.amount == served.balance(served.people.buyers[2])
    assert shown.cards.count() == 8
    assert shown.page.locator("#wallet-note, #wallet-bar").count() == 0  # of what was spent
    shown.go("riwayat")
    assert "tidak bisa ditampilkan" in shown.page.inner_text(".blank")


def test_ids_and_keys_are_in_no_address_of_the_page_and_in_no_log(
    visit: Visit, served: Served
) -> None:
    who = served.people.buyers[3]
    shown = visit().enter(who)
    shown.go("riwayat")
    assert who not in shown.page.url
    log = served.log.read_text()
    assert who not in log
    assert served.key not in log


def test_on_a_phone_nothing_is_wider_than_the_screen(visit: Visit, served: Served) -> None:
    shown = visit(PHONE).enter(served.people.newcomers[3])
    for view in ("rekomendasi", "rencana", "riwayat"):
        shown.go(view)
        shown.page.wait_for_timeout(100)
        assert shown.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    shown.go("rekomendasi")
    shown.page.click("summary")
    shown.page.select_option("#filter-category", "Manajemen")
    shown.settled()
    assert set(shown.page.locator(".eyebrow").all_inner_texts()) == {"Manajemen"}


def test_loading_does_not_make_the_page_jump(visit: Visit, served: Served) -> None:
    shown = visit().enter(served.people.buyers[4])
    shown.page.reload()
    shown.settled()
    shown.page.wait_for_timeout(200)
    assert shown.page.evaluate("window.shifted") < 0.1
