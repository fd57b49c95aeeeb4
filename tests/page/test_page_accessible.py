"""axe finds nothing: both widths, both languages, every view and dialog, light and dark."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.page.dashboard import Dashboard
from tests.page.page_world import DESKTOP, PHONE, Served

pytestmark = pytest.mark.slow

Visit = Callable[..., Dashboard]
AXE = Axe().axe_script
RUN = """() => axe.run({resultTypes: ["violations"]}).then((found) =>
  found.violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html}`)))"""


def violations(shown: Dashboard) -> list[str]:
    if not shown.page.evaluate("'axe' in window"):
        shown.page.evaluate(AXE)
    found: list[str] = shown.page.evaluate(RUN)
    return found


@pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [
        (DESKTOP, "id", "light"),
        (DESKTOP, "en", "dark"),
        (PHONE, "id", "dark"),
        (PHONE, "en", "light"),
    ],
)
def test_axe_finds_nothing_where_one_buys(
    visit: Visit, served: Served, size: tuple[int, int], language: str, scheme: str
) -> None:
    shown = visit(size, color_scheme=scheme)
    page = shown.page
    if language == "en":
        page.click("#language")
        page.wait_for_selector("html[lang=en]")
    found = {"entry": violations(shown)}
    shown.enter(served.people.newcomers[10])
    found["courses"] = violations(shown)
    shown.cards.first.locator(".details").click()
    page.wait_for_selector("#dialog[open]")
    found["details"] = violations(shown)
    page.keyboard.press("Escape")
    shown.go("rencana")
    page.wait_for_selector("[data-key=take]")
    found["plan"] = violations(shown)
    assert {view: lines for view, lines in found.items() if lines} == {}


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "dark"), (PHONE, "light")])
def test_axe_finds_nothing_elsewhere(
    visit: Visit, served: Served, size: tuple[int, int], scheme: str
) -> None:
    shown = visit(size, color_scheme=scheme).enter(served.people.newcomers[10])
    page = shown.page
    shown.cards.first.locator(".primary").click()
    found = {"buying": violations(shown)}
    page.keyboard.press("Escape")
    page.click("#leave")
    shown.enter(served.people.buyers[6])
    found["waiting for a review"] = violations(shown)
    shown.go("riwayat")
    found["history"] = violations(shown)
    page.click("[data-key^=review]")
    found["review"] = violations(shown)
    page.keyboard.press("Escape")
    page.click("#leave")
    shown.enter(served.people.spent[1])
    found["nothing fits"] = violations(shown)
    assert {view: lines for view, lines in found.items() if lines} == {}


NAMED_OTHERWISE = """() => [...document.querySelectorAll("button[aria-label]")]
  .filter((one) => !one.ariaLabel.toLowerCase().includes(one.innerText.trim().toLowerCase()))
  .map((one) => `${one.innerText}: ${one.ariaLabel}`)"""
NOT_INDONESIAN = """(css) => [...document.querySelectorAll(css)]
  .filter((one) => one.closest("[lang]").lang !== "id").map((one) => one.innerText)"""


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_button_is_called_what_it_reads(visit: Visit, served: Served, language: str) -> None:
    """WCAG 2.5.3: who speaks to the page says what is seen."""
    shown = visit()
    if language == "en":
        shown.page.click("#language")
        shown.page.wait_for_selector("html[lang=en]")
    shown.enter(served.people.buyers[6])
    found = {"courses": shown.page.evaluate(NAMED_OTHERWISE)}
    shown.go("riwayat")
    shown.page.wait_for_selector(".history")
    found["history"] = shown.page.evaluate(NAMED_OTHERWISE)
    shown.page.click("#leave")
    shown.page.fill("#trial-key", served.key)
    shown.page.click("[data-key=trial-form]")
    shown.settled()
    shown.buy_first()
    shown.page.wait_for_selector("#dialog:not([open])", state="attached")
    shown.go("riwayat")
    shown.page.wait_for_selector(".bought .quiet")
    found["trial"] = shown.page.evaluate(NAMED_OTHERWISE)
    assert {view: lines for view, lines in found.items() if lines} == {}


def test_how_many_there_are_is_said_in_one_place(visit: Visit, served: Served) -> None:
    """WCAG 4.1.3: an element that is made anew with its text is not read out."""
    shown = visit().enter(served.people.newcomers[15])
    page = shown.page
    page.evaluate("window.place = document.querySelector('#standing')")
    assert page.inner_text("#standing") == "8 pelatihan ditampilkan"
    page.evaluate("""() => {
      window.said = [];
      new MutationObserver(() => said.push(place.textContent)).observe(place, { childList: true });
    }""")
    page.select_option("#filter-price", "100000")
    shown.settled()
    assert page.evaluate("place.isConnected && place.role") == "status"
    first, last = page.evaluate("said")
    assert first == "Memuat …"
    assert last == page.inner_text(".count p" if shown.cards.count() else ".blank h2")
    assert page.locator("main [role=status]").count() == 0
    shown.go("riwayat")
    page.wait_for_selector("#standing:empty", state="attached")


def test_the_catalogue_stays_indonesian_in_the_english_page(visit: Visit, served: Served) -> None:
    """WCAG 3.1.2: a voice reads each text in its own language."""
    shown = visit()
    page = shown.page
    page.click("#language")
    page.wait_for_selector("html[lang=en]")
    shown.enter(served.people.buyers[6])
    parts = (
        ".cards h2, .eyebrow, .cards .meta span, .notice p span, #filter-category option + option"
    )
    found = page.evaluate(NOT_INDONESIAN, parts)
    shown.cards.first.locator(".details").click()
    page.wait_for_selector("#dialog[open]")
    found += page.evaluate(NOT_INDONESIAN, "#dialog-title span, .similar li p:first-child")
    assert page.evaluate("document.querySelector('#dialog-title span') !== null")
    page.keyboard.press("Escape")
    shown.go("riwayat")
    page.wait_for_selector(".history")
    found += page.evaluate(NOT_INDONESIAN, ".bought h2")
    shown.go("rencana")
    page.wait_for_selector("[data-key=take]")
    found += page.evaluate(NOT_INDONESIAN, ".line-title")
    assert found == []
