"""Buying: the balance and the list change at once, once, and for good."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.page.dashboard import Dashboard
from tests.page.page_world import Served

pytestmark = pytest.mark.slow

Visit = Callable[..., Dashboard]


def test_a_purchase_changes_balance_and_list_and_survives_a_reload(
    visit: Visit, served: Served
) -> None:
    who = served.people.newcomers[4]
    shown = visit().enter(who)
    before = shown.amount
    title, price = shown.buy_first()
    shown.page.wait_for_selector("#dialog:not([open])", state="attached")
    shown.settled()
    assert shown.amount == served.balance(who) == before - price
    assert title not in shown.titles
    assert title in shown.page.inner_text("#said")
    shown.page.reload()
    shown.settled()
    assert shown.amount == before - price
    assert title not in shown.titles
    shown.go("riwayat")
    assert shown.page.inner_text(".bought h2") == title
    assert "Sedang diikuti" in shown.page.inner_text(".bought")


def test_the_next_purchase_waits_for_the_review_of_the_last(visit: Visit, served: Served) -> None:
    shown = visit().enter(served.people.buyers[5])
    assert shown.cards.first.locator(".primary").is_disabled()
    shown.page.click("[data-key=review-first]")
    shown.page.check("#dialog input[value='4']", force=True)
    shown.page.click("[data-key=dialog-go]")
    shown.page.wait_for_selector("[data-key=review-first]", state="detached")
    shown.settled()
    assert shown.cards.first.locator(".primary").is_enabled()
    shown.go("riwayat")
    assert "Ulasanmu: 4 dari 5" in shown.page.inner_text(".bought >> nth=0")


def test_how_long_one_may_cancel_is_what_the_scheme_says(visit: Visit, served: Served) -> None:
    facts = httpx.get(f"{served.url}/page/facts.json").json()
    assert facts["cancel_days_before_start"] == 0
    facts |= {"may_cancel": True, "cancel_days": 5, "cancel_days_before_start": 2}
    shown = visit()
    shown.page.route("**/page/facts.json", lambda route: route.fulfill(json=facts))
    shown.page.reload()
    shown.page.wait_for_selector("#entry-id")
    shown.enter(served.people.newcomers[14])
    shown.cards.first.locator(".primary").click()
    hint = shown.page.inner_text("#dialog .hint")
    assert "sampai 5 hari setelah pembelian, paling lambat 2 hari sebelum mulai" in hint


def test_a_lost_answer_is_repeated_and_charged_once(visit: Visit, served: Served) -> None:
    who = served.people.newcomers[5]
    shown = visit().enter(who)
    before = shown.amount
    shown.lose_answers("/events")
    title, price = shown.buy_first()
    shown.page.wait_for_selector("#dialog .wrong:not(:empty)")
    assert "tidak akan terpotong dua kali" in shown.page.inner_text("#dialog .wrong")
    shown.page.keyboard.press("Escape")
    assert title in shown.page.inner_text(".notice")
    assert served.balance(who) == before - price  # it had arrived
    shown.heal("/events")
    shown.page.reload()  # what is unconfirmed is not forgotten
    shown.settled()
    shown.page.click("[data-key=again]")
    shown.page.wait_for_selector("[data-key=again]", state="detached")
    shown.settled()
    assert shown.amount == served.balance(who) == before - price


def test_a_refused_purchase_says_why_and_takes_nothing(visit: Visit, served: Served) -> None:
    who = served.people.newcomers[6]
    shown = visit().enter(who)
    course = shown.cards.first.locator(".primary").get_attribute("data-key") or ""
    event = {
        "event_id": "from-elsewhere",
        "kind": "purchase",
        "participant_id": who,
        "course_id": course.removeprefix("buy-"),
    }
    headers = {"X-API-Key": served.key}
    httpx.post(f"{served.url}/events", headers=headers, json={"events": [event]})
    left = served.balance(who)
    shown.buy_first()
    shown.page.wait_for_selector("#dialog .wrong:not(:empty)")
    assert shown.page.inner_text("#dialog .wrong") == "Pelatihan ini sudah kamu beli."
    assert served.balance(who) == left
    shown.page.keyboard.press("Escape")
    assert shown.page.locator("[data-key=again]").count() == 0


def test_a_plan_adds_up_and_its_first_course_is_bought(visit: Visit, served: Served) -> None:
    from tests.page.dashboard import rupiah

    who = served.people.newcomers[7]
    shown = visit().enter(who)
    before = shown.amount
    shown.go("rencana")
    shown.page.wait_for_selector("[data-key=take]")
    for choice in range(shown.page.locator(".choice").count()):
        shown.page.check(f"[data-key=plan-{choice}]", force=True)
        left = before
        for line in shown.page.locator(".line:has(.minus)").all():
            left += rupiah(line.locator(".minus").inner_text())
            assert rupiah(line.locator(".running").inner_text()) == left
        assert rupiah(shown.page.inner_text(".line.end .running")) == left >= 0
        assert rupiah(shown.page.locator(".choice-left").nth(choice).inner_text()) == left
    titles = shown.page.locator(".line-title").all_inner_texts()
    first = rupiah(shown.page.inner_text(".line .minus >> nth=0"))
    shown.page.click("[data-key=take]")
    shown.page.click("[data-key=dialog-go]")
    shown.page.wait_for_selector(".pinned .done")
    shown.settled()
    assert shown.amount == served.balance(who) == before + first
    assert shown.page.locator(".step-title").all_inner_texts() == titles
    assert shown.page.inner_text(".pinned .done .step-title") == titles[0]
    shown.page.reload()
    shown.settled()
    assert shown.page.locator(".step-title").all_inner_texts() == titles
    shown.page.click("[data-key=unpin]")
    assert shown.page.locator(".pinned").count() == 0
