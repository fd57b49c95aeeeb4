"""The page as a person uses it, and what a browser holds against it meanwhile."""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext, Locator, Request, Route

from tests.page.page_world import Served

CLS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


class Dashboard:
    """One tab.

    Attributes:
        wrong: console errors, uncaught exceptions, requests that failed.
        outside: requests to anywhere but the service.
        expects: patterns of what may go wrong in this test.
    """

    def __init__(self, context: BrowserContext, served: Served) -> None:
        self.context = context
        self.served = served
        self.wrong: list[str] = []
        self.outside: list[str] = []
        self.expects: list[str] = []
        context.add_init_script(CLS)
        self.page = context.new_page()
        self.page.on("console", lambda line: self._console(line.type, line.text))
        self.page.on("pageerror", lambda error: self.wrong.append(f"uncaught {error}"))
        self.page.on("request", self._seen)
        self.page.goto(f"{served.url}/", wait_until="domcontentloaded")
        self.page.wait_for_selector("#entry-id")

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.wrong.append(text)

    def _seen(self, request: Request) -> None:
        if not request.url.startswith(f"{self.served.url}/"):
            self.outside.append(request.url)

    def expected(self, line: str) -> bool:
        return any(re.search(pattern, line) for pattern in self.expects)

    def enter(self, participant_id: str, key: str | None = None) -> Dashboard:
        """Come in, and wait for the list or what stands in its place."""
        self.page.fill("#entry-id", participant_id)
        self.page.fill("#entry-key", self.served.key if key is None else key)
        self.page.keyboard.press("Enter")
        self.settled()
        return self

    def settled(self) -> None:
        self.page.wait_for_selector("#list[aria-busy=false]")

    def more(self) -> None:
        """Press "Tampilkan lagi"."""
        self.page.click("[data-key=more]")
        self.settled()

    def go(self, view: str) -> None:
        self.page.click(f"#views a[href='#{view}']")

    @property
    def amount(self) -> int:
        """The balance that is shown."""
        return rupiah(self.page.inner_text("#amount"))

    @property
    def titles(self) -> list[str]:
        return self.page.locator(".cards h2").all_inner_texts()

    @property
    def cards(self) -> Locator:
        return self.page.locator(".cards .card")

    def buy_first(self) -> tuple[str, int]:
        """Press "Beli" on the first card and confirm: its title and price."""
        title, price = self.titles[0], rupiah(self.cards.first.locator(".price").inner_text())
        self.cards.first.locator(".primary").click()
        self.page.click("[data-key=dialog-go]")
        return title, price

    def lose_answers(self, path: str) -> None:
        """From now on the service gets requests to `path`, but its answers are lost."""

        def lose(route: Route) -> None:
            route.fetch()
            route.abort("connectionreset")

        self.expects.append("ERR_CONNECTION_RESET")
        self.page.route(f"**{path}", lose)

    def heal(self, path: str) -> None:
        self.page.unroute(f"**{path}")


def rupiah(text: str) -> int:
    """`sisa Rp205.000` is 205000, `−Rp1.000` is -1000."""
    sign = -1 if "\u2212" in text else 1
    return sign * int(re.sub(r"\D", "", text))
