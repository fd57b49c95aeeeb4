"""One service and one browser for all tests of the page; every test has a tab of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.page.dashboard import Dashboard
from tests.page.page_world import DESKTOP, Served, serving

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("page")) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium here: apt-get install -y chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def visit(served: Served, browser: Browser) -> Iterator[Callable[..., Dashboard]]:
    """Opens the page; afterwards nothing may have gone wrong in it that the test did not expect."""
    opened: list[Dashboard] = []

    def open_page(size: tuple[int, int] = DESKTOP, **options: object) -> Dashboard:
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce", **options
        )
        context.set_default_timeout(60_000)  # a busy machine is no failure
        opened.append(Dashboard(context, served))
        return opened[-1]

    yield open_page
    for one in opened:
        one.context.close()
    for one in opened:
        assert one.outside == []
        assert [line for line in one.wrong if not one.expected(line)] == []
