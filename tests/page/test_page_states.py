"""When there is nothing, too little, or no answer; and a trial without an id."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.page.dashboard import Dashboard, rupiah
from tests.page.page_world import Served

pytestmark = pytest.mark.slow

Visit = Callable[..., Dashboard]


def test_nothing_fits(visit: Visit, served: Served) -> None:
    shown = visit().enter(served.people.spent[0])
    assert shown.amount == served.balance(served.people.spent[0])
    assert "Tidak ada pelatihan yang pas" in shown.page.inner_text(".blank")
    assert shown.cards.count() == 0
    shown.go("rencana")
    shown.page.wait_for_selector(".view .blank:has-text('Belum ada rencana')")


def test_without_an_answer_the_page_says_so_and_goes_on(visit: Visit, served: Served) -> None:
    shown = visit().enter(served.people.newcomers[8])
    before = shown.amount
    shown.expects.append("ERR_INTERNET_DISCONNECTED")
    shown.context.set_offline(True)
    title, price = shown.buy_first()
    shown.page.wait_for_selector("#dialog .wrong:not(:empty)")
    assert "belum pasti tersimpan" in shown.page.inner_text("#dialog .wrong")
    assert served.balance(served.people.newcomers[8]) == before
    shown.context.set_offline(False)
    assert shown.page.inner_text("[data-key=dialog-go]") == "Coba lagi"
    shown.page.click("[data-key=dialog-go]")
    shown.page.wait_for_selector("#dialog:not([open])", state="attached")
    shown.settled()
    assert shown.amount == served.balance(served.people.newcomers[8]) == before - price
    assert title not in shown.titles
    shown.context.set_offline(True)
    shown.page.select_option("#filter-price", "250000")
    shown.page.wait_for_selector(".blank")
    assert "tidak menjawab" in shown.page.inner_text(".blank")
    shown.context.set_offline(False)
    shown.page.click("[data-key=retry]")
    shown.page.wait_for_selector(".cards .price")


def test_a_store_that_is_down_is_told_of_and_recovered_from(visit: Visit, served: Served) -> None:
    who = served.people.newcomers[9]
    shown = visit().enter(who)
    before = shown.amount
    shown.expects.append("503")
    with served.store_down():
        shown.page.select_option("#filter-price", "250000")
        shown.page.wait_for_selector("#notices .notice")
        assert "sedang tidak terbaca" in shown.page.inner_text("#notices")
        shown.settled()
        assert shown.cards.count() > 0
        _, price = shown.buy_first()
        shown.page.wait_for_selector("#dialog .wrong:not(:empty)")
        assert "Belum tersimpan" in shown.page.inner_text("#dialog .wrong")
    assert served_again(served, who) == before
    shown.page.click("[data-key=dialog-go]")
    shown.page.wait_for_selector("#dialog:not([open])", state="attached")
    shown.settled()
    assert shown.amount == served.balance(who) == before - price
    assert shown.page.locator("#notices .notice").count() == 0


def test_what_was_spent_is_not_made_up_while_the_store_is_down(
    visit: Visit, served: Served
) -> None:
    shown = visit()
    shown.expects.append("503")
    with served.store_down():
        shown.enter(served.people.buyers[7])
        assert shown.page.locator("#amount").inner_text()
        assert shown.page.locator("#wallet-note, #wallet-bar").count() == 0
    served_again(served, served.people.buyers[7])


def served_again(served: Served, who: str) -> int:
    """The balance, once the service looks at its store again."""
    import time

    import httpx

    end = time.monotonic() + 300
    while True:
        try:
            return served.balance(who)
        except httpx.HTTPStatusError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def test_a_trial_counts_and_stores_nothing(visit: Visit, served: Served) -> None:
    shown = visit()
    shown.page.fill("#trial-key", served.weak_key)
    shown.page.fill("#trial-balance", "lots")
    shown.page.click("[data-key=trial-form]")
    assert "angka bulat" in shown.page.inner_text("#trial-form .wrong")
    shown.page.fill("#trial-balance", "Rp 600.000")
    shown.page.fill("#trial-age", "27")
    shown.page.select_option("#trial-gender", "F")
    sent: list[str] = []
    shown.page.on("request", lambda request: sent.append(request.url.removeprefix(served.url)))
    shown.page.click("[data-key=trial-form]")
    shown.settled()
    assert shown.amount == 600_000
    title, price = shown.buy_first()
    shown.page.wait_for_selector("#dialog:not([open])", state="attached")
    shown.settled()
    assert shown.amount == 600_000 - price
    assert title not in shown.titles
    for text in shown.page.locator(".cards .price").all_inner_texts():
        assert rupiah(text) <= shown.amount
    shown.go("riwayat")
    shown.page.click(".bought .quiet")
    shown.page.wait_for_function("document.querySelector('#amount').textContent === 'Rp600.000'")
    assert {"/events", "/participants"}.isdisjoint(sent)
