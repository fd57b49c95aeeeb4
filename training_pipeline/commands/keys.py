"""`saldopas keys new`: an API key, shown once; the service keeps its hash."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path
from typing import Annotated

import typer
from saldopas.features.errors import DataError
from saldopas.training_pipeline.console import say

SCOPES = ("recommend", "events", "admin")  # what `serving/http/keys.py` reads
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")

app = typer.Typer(help="API keys of the service.", no_args_is_help=True)


@app.callback()
def keys() -> None:
    """API keys of the service."""


@app.command()
def new(
    name: Annotated[str, typer.Option(help="Who uses it: letters, digits, dot, dash.")],
    scope: Annotated[
        str, typer.Option(help="recommend, events, admin; several with commas.")
    ] = "recommend",
    file: Annotated[
        Path | None, typer.Option(help="Append the hash's line to this file, made if missing.")
    ] = None,
) -> None:
    """Make a key, print it once, and print or append the line that the service reads.

    The file is the one of `saldopas serve --keys`; a running service reads it again when it
    changes. Take a key back by removing its line.
    """

    wanted = [part.strip() for part in scope.split(",")]
    unknown = sorted(set(wanted) - set(SCOPES))
    if unknown:
        raise DataError(f"no such scope: {unknown[0]!r}", remedy=f"known: {', '.join(SCOPES)}")
    if not NAME.fullmatch(name):
        raise DataError("--name is no name for a key", remedy="write one such as dashboard-2")
    key = "sp_" + secrets.token_urlsafe(32)
    scopes = ",".join(known for known in SCOPES if known in wanted)
    line = f"{hashlib.sha256(key.encode()).hexdigest()} {name} {scopes}"
    if file is None:
        say("the key, shown only now, and below it the line for the keys file:")
        typer.echo(key)
        typer.echo(line)
        return
    _append(file, line)
    say(f"the key, shown only now; its hash is in {file}:")
    typer.echo(key)


def _append(file: Path, line: str) -> None:
    """A line at the end of a file that only its owner reads."""
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as output:
        output.write(f"{line}\n")
