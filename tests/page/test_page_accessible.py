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
