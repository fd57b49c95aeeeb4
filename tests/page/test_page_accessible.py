"""axe finds nothing: both widths, both languages, every view and dialog, light and dark."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import DESKTOP, PHONE
from dashboard import Dashboard
from page_world import Served

pytestmark = pytest.mark.slow

AXE = Axe()


def violations(shown: Dashboard) -> list[str]:
    found = AXE.run(shown.page).response["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [
        (DESKTOP, "id", "light"),
        (DESKTOP, "en", "dark"),
        (PHONE, "id", "dark"),
        (PHONE, "en", "light"),
    ],
)
def test_axe_finds_nothing(
    visit: Callable[..., Dashboard],
    served: Served,
    size: tuple[int, int],
    language: str,
    scheme: str,
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
    shown.page.wait_for_selector("#dialog[open]")
    found["details"] = violations(shown)
    page.keyboard.press("Escape")
    shown.cards.first.locator(".primary").click()
    found["buying"] = violations(shown)
    page.keyboard.press("Escape")
    shown.go("rencana")
    page.wait_for_selector("[data-key=take]")
    found["plan"] = violations(shown)
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
