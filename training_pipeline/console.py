"""Output of the command line: tables, JSON, progress, and errors of one line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

OUT = Console(highlight=False)
ERR = Console(stderr=True, highlight=False)


class RunFailedError(RuntimeError):
    """The run could not do its work (exit code 1); its text is one line for a person."""


class Advance(Protocol):
    """Tells a progress bar that `count` more units are done."""

    def __call__(self, count: int = 1) -> None:
        """Move the bar."""


@contextmanager
def progress(title: str, *, total: int | None) -> Iterator[Advance]:
    """A progress bar on standard error (silent where that is no terminal)."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=ERR, disable=not ERR.is_terminal) as bars:
        task = bars.add_task(title, total=total)

        def advance(count: int = 1) -> None:
            bars.advance(task, count)

        yield advance


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON document on standard output; NaN is refused, not written."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table for people; numbers are right-aligned, words are folded, and nothing is cut."""
    told = [[_cell(value) for value in row] for row in rows]
    table = Table(title=Text(title), title_justify="left")
    for position, name in enumerate(columns):
        numeric = bool(rows) and isinstance(rows[0][position], int | float)
        widest = max((len(cells[position]) for cells in told), default=0)
        words = any(" " in cells[position] for cells in told)
        table.add_column(
            name,
            justify="right" if numeric else "left",
            min_width=None if words else widest,
            overflow="fold",
        )
    for cells in told:
        table.add_row(*map(Text, cells))
    OUT.print(table, crop=False)


def say(text: str) -> None:
    """A line for people on standard error, so that `--json` output stays clean."""
    ERR.print(text, markup=False, soft_wrap=True)


def rupiah(amount: int) -> str:
    """Whole rupiah as people write it: 1500000 -> `Rp1.500.000`."""
    return f"Rp{amount:,}".replace(",", ".")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return "-" if value is None else str(value)
