"""`saldopas score`: lists for many participants, each with an own balance."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from saldopas.training_pipeline.commands.options import Data, Json, Model, moment
from saldopas.training_pipeline.console import OUT, print_json


def score(
    source: Data,
    out: Annotated[Path, typer.Option(help="Where the lists go (.parquet or .csv).")],
    requests: Annotated[
        Path | None,
        typer.Option(
            help="Parquet or CSV of participant_id and maybe balance (missing: no limit). "
            "Without it: every participant, with the own remaining balance."
        ),
    ] = None,
    n: Annotated[int, typer.Option(min=1, max=10_000, help="Courses a participant.")] = 20,
    model: Model = "champion",
    as_of: Annotated[
        datetime | None,
        typer.Option(
            parser=moment, metavar="ISO", help="The moment; by default the end of the data."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the top N courses of each participant: participant_id, rank, course_id, score, source.

    Histories and profiles come from DATA, so people who are new since the training are scored too.
    """
    from saldopas.training_pipeline.scoring.batch import score_to_file
    from saldopas.training_pipeline.tracking.registry import resolve

    done = score_to_file(resolve(model), source, requests=requests, out=out, n=n, as_of=as_of)
    if as_json:
        print_json(done)
    else:
        OUT.print(
            f"{out}: {done['rows']:,} courses for {done['participants']:,} participants "
            f"({done['unknown']:,} of them unknown) in {done['seconds']:.1f} s"
        )
