"""`saldopas validate`: is this data what the contract asks for, and what is in it?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


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
    from saldopas.training_pipeline.console import print_json
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
    from saldopas.training_pipeline.console import print_table, say

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
