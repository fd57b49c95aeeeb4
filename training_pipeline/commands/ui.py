"""`saldopas ui`: MLflow's pages on the tracking store."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from saldopas.training_pipeline.commands.serve import check_free
from saldopas.training_pipeline.console import OUT

if TYPE_CHECKING:
    from saldopas.training_pipeline.tracking.ui_server import Pages


def ui(
    port: Annotated[int, typer.Option(min=1, max=65_535)] = 5000,
    browser: Annotated[
        bool, typer.Option("--browser", help="Open the page in a browser too.")
    ] = False,
) -> None:
    """Open MLflow on the tracking store, on this machine only, until Ctrl-C.

    The store is what MLFLOW_TRACKING_URI says: SQLite, PostgreSQL, or a server, which needs no
    other one: its addresses are printed.
    """
    from saldopas.training_pipeline.tracking import store, ui_server

    if store.is_server():
        _announce(ui_server.pages(store.tracking_uri().rstrip("/")), browser=browser)
        return
    check_free(ui_server.HOST, port)
    found = ui_server.pages(f"http://{ui_server.HOST}:{port}")
    process = ui_server.start(port)

    def end(number: int, frame: FrameType | None) -> None:
        sys.exit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    try:
        ui_server.wait_until_ready(process, port)
        _announce(found, browser=browser)
        process.wait()
    finally:
        ui_server.stop(process)


def _announce(found: Pages, *, browser: bool) -> None:
    from saldopas.training_pipeline.tracking import store

    OUT.print(f"MLflow on {store.store_name()}: {found.home} (Ctrl-C stops)", soft_wrap=True)
    for name, address in found.addresses.items():
        OUT.print(f"  {name}: {address}", soft_wrap=True)
    if browser:
        import webbrowser

        webbrowser.open(next(iter(found.addresses.values())))
