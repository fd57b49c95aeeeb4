"""Options that several commands share, and how money and moments are typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

SHOWN = 30  # characters
DIGITS = re.compile(r"[0-9]+")
MODELS = "champion, challenger, previous, a version or a directory."
TABLES = "a .parquet or .csv of participant_id, rank, course_id."
Data = Annotated[str, typer.Argument(metavar="DATA", help="Directory or database URL.")]
DataOption = Annotated[str, typer.Option(metavar="DATA", help="Directory or database URL.")]
Model = Annotated[str, typer.Option(help=MODELS)]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Quarantine = Annotated[
    Path | None, typer.Option(help="Write bad rows here and go on without them.")
]
Store = Annotated[
    str | None, typer.Option(help="URL; else SALDOPAS_STORE, else sqlite:///mlruns/store.db.")
]
UsedStore = Annotated[
    str,
    typer.Option(
        envvar="SALDOPAS_STORE",
        help="URL of participants, purchases and events (SQLite, PostgreSQL); `none`: only the "
        "model's snapshot.",
    ),
]
# of `evaluate` and `compare`
By = Annotated[
    list[str] | None,
    typer.Option(help="Segments: history, price, balance, course-age or a profile column."),
]
Resamples = Annotated[int, typer.Option(min=100, help="Bootstrap resamples.")]
BootstrapSeed = Annotated[int, typer.Option(help="Of the bootstrap.")]
MinPeople = Annotated[
    int, typer.Option(min=2, help="Segments of fewer participants are not shown.")
]
ReportFile = Annotated[Path | None, typer.Option(help="Write the report as Markdown.")]
PerParticipant = Annotated[
    Path | None, typer.Option(help="Write a Parquet file with a row a participant.")
]
Trec = Annotated[
    Path | None,
    typer.Option(
        help="Write runs and qrels of TREC to this directory; an empty list is the one line "
        "`(none)`, so that every tool counts it as a miss."
    ),
]


def money(*, most: int) -> Callable[[str], int]:
    """A parser of whole units from 0 to `most`: `300.000` and `3_000_00` are no amounts."""

    def whole(text: str) -> int:
        if not DIGITS.fullmatch(text):
            raise typer.BadParameter(
                f"{text[:SHOWN]!r} is no whole amount (write 300000, without separators)"
            )
        if len(text) > len(str(most)) or int(text) > most:
            raise typer.BadParameter(f"{text[:SHOWN]} is more than {most}")
        return int(text)

    return whole


def moment(text: str) -> datetime:
    """ISO 8601; a bare number is no moment."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text[:SHOWN]!r} is no moment (write 2021-12-09, or 2021-12-09T10:00)"
        ) from error


AsOf = Annotated[
    datetime | None,
    typer.Option(parser=moment, metavar="ISO", help="The moment; by default the model's cut-off."),
]

Since = Annotated[
    datetime | None,
    typer.Option(parser=moment, metavar="ISO", help="Predict what was bought from this moment on."),
]
