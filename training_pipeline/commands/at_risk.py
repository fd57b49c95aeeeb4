"""`saldopas at-risk`: who is about to lose membership or money, and what each should do next."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from saldopas.training_pipeline.commands.options import Data, Json, Model, moment
from saldopas.training_pipeline.console import OUT, print_json, print_table


def at_risk(
    source: Data,
    as_of: Annotated[
        datetime,
        typer.Option(parser=moment, metavar="ISO", help="The moment; a day is its first minute."),
    ],
    out: Annotated[Path, typer.Option(help="Where the rows go (.parquet or .csv).")],
    within_days: Annotated[
        int, typer.Option(min=1, max=366, help="Days left to buy, today counted.")
    ] = 7,
    max_courses: Annotated[int, typer.Option(min=1, max=10, help="Of one suggestion.")] = 3,
    monthly_seats: Annotated[
        bool, typer.Option(help="A quota is of a calendar month, or of all time.")
    ] = True,
    seed: Annotated[int, typer.Option(min=0, help="Of the lottery within a day.")] = 7,
    model: Model = "champion",
    as_json: Json = False,
) -> None:
    """Participants whose last day is near, the amount at stake, and the best next action.

    Seats of courses with a quota are given to whoever has the least time left, by lottery within
    a day, and never more than there are.

    Example: `saldopas at-risk data/sample --as-of 2021-12-09 --out at_risk.parquet`
    """
    from saldopas.training_pipeline.scoring.at_risk.report import at_risk_to_file
    from saldopas.training_pipeline.tracking.registry import resolve

    done = at_risk_to_file(
        resolve(model),
        source,
        out=out,
        as_of=as_of,
        within_days=within_days,
        max_courses=max_courses,
        seed=seed,
        monthly_seats=monthly_seats,
    )
    if as_json:
        print_json(done)
    else:
        _print(done)


def _print(done: dict[str, Any]) -> None:
    OUT.print(
        f"{done['out']}: {done['at_risk']:,} of {done['participants']:,} participants have at most "
        f"{done['within_days']} days left on {done['as_of']} ({done['seconds']:.1f} s)",
        markup=False,
    )
    for name, parts in {"risk": done["risks"], **done["segments"]}.items():
        if parts:
            columns = (name, "people", "millions", "spendable", "with action", "sold out", "none")
            print_table(f"by {name}", columns, [(part, *_shown(of)) for part, of in parts.items()])
    seats = done["seats"]
    OUT.print(
        f"{seats['suggested']:,} of {seats['before']:,} seats in {seats['courses']:,} courses with "
        "a quota were suggested",
        markup=False,
    )


def _shown(of: dict[str, int]) -> tuple[object, ...]:
    """A line of totals; money in millions of the currency."""
    return (
        of["participants"],
        f"{of['amount'] / 1e6:,.1f}",
        f"{of['spendable'] / 1e6:,.1f}",
        of["with_action"],
        of["sold_out"],
        of["none"],
    )
