"""`saldopas import`: real data sets, or anybody's tables, as the contract's three tables."""

from __future__ import annotations

import typer

app = typer.Typer(help="Write other data as the contract's three tables.", no_args_is_help=True)


@app.callback()
def import_data() -> None:
    """Write other data as the contract's three tables."""
