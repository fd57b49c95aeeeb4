"""What is wrong with rows of a table: findings, the refusal in one line, the quarantine file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray
from saldopas.features.errors import DataError
from saldopas.features.tables.columns import TABLES
from saldopas.features.tables.raw_table import RawTable

SHOWN_CHARACTERS = 60
QUARANTINE_SCHEMA = pa.schema(
    [
        ("table", pa.string()),
        ("row", pa.int64()),
        ("column", pa.string()),
        ("problem", pa.string()),
        ("raw", pa.string()),
    ]
)
SUFFIXES = (".parquet", ".csv")


@dataclass(frozen=True)
class Finding:
    """One problem of one column.

    Attributes:
        positions: int64 positions in the table as read, ascending, from 0.
        value: the value of the first of them, for the message.
    """

    table: str
    column: str | None
    problem: str
    remedy: str
    positions: NDArray[np.int64]
    value: object = None

    def error(self, row: int, *, more: int = 0) -> DataError:
        """The one-line refusal for the first row, `more` rows beside it being bad too."""
        shown = "" if self.value is None else f" ({shorten(self.value)})"
        return DataError(
            f"{self.problem}{shown}",
            remedy=with_more(self.remedy, more),
            table=self.table,
            column=self.column,
            row=row,
        )


@dataclass(frozen=True)
class CheckedTable:
    """The good rows of a table.

    Attributes:
        frame: K rows of the contract's types, index 0..K-1.
        positions: (K,) int64, their places in `raw`.
        findings: what is wrong with the other rows; positions count in `raw`.
    """

    raw: RawTable
    frame: pd.DataFrame
    positions: NDArray[np.int64]
    findings: tuple[Finding, ...]

    @property
    def n_bad(self) -> int:
        """How many rows are bad, malformed records included."""
        return self.raw.n_rows - len(self.frame) + len(self.raw.malformed)

    def without(self, findings: tuple[Finding, ...]) -> CheckedTable:
        """The table less the rows of further findings, whose positions count in `frame`."""
        if not findings:
            return self
        moved = tuple(_moved(finding, self.positions) for finding in findings)
        keep = ~bad_rows(findings, len(self.frame))
        frame = self.frame[keep].reset_index(drop=True)
        return CheckedTable(self.raw, frame, self.positions[keep], (*self.findings, *moved))


def shorten(value: object) -> str:
    """A value as it is shown in a message: quoted, on one line, not too long."""
    text = repr(str(value))
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}...'"


def plain_values(column: pa.ChunkedArray) -> list[object]:
    """The values in Python; moments that Python's own calendar cannot hold as their numbers."""
    try:
        values: list[object] = column.to_pylist()
    except (OverflowError, ValueError):
        values = column.cast(pa.int64()).to_pylist()
    return values


def bad_rows(findings: Iterable[Finding], n_rows: int) -> NDArray[np.bool_]:
    """(n_rows,) which rows any of the findings is about."""
    bad = np.zeros(n_rows, np.bool_)
    for finding in findings:
        bad[finding.positions] = True
    return bad


def with_more(remedy: str, more: int) -> str:
    """The remedy, and that `more` rows beside the first are bad."""
    others = f"and {more} more; " if more else ""
    return f"{remedy} ({others}--quarantine FILE sets bad rows aside)"


def check_quarantine_path(path: Path) -> None:
    """Refuse a name of which the format cannot be told, and one that a table may have."""
    if path.suffix not in SUFFIXES:
        raise DataError(
            f"the quarantine file {path} is neither .parquet nor .csv",
            remedy="give a name that ends in one of them",
        )
    if path.stem in TABLES:
        raise DataError(
            f"the quarantine file {path} has the name of a table", remedy="give another name"
        )
    if not path.absolute().parent.is_dir():
        raise DataError(
            f"the quarantine file's directory {path.parent} does not exist", remedy="create it"
        )


def write_quarantine(path: Path, tables: Sequence[CheckedTable]) -> None:
    """Write the bad rows of all tables, each once with its first problem; replaces the file."""
    rows = [row for table in tables for row in _rows(table)]
    data = pa.Table.from_pylist(rows, schema=QUARANTINE_SCHEMA)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    if path.suffix == ".parquet":
        pq.write_table(data, beside)
    else:
        pa.csv.write_csv(data, beside)
    beside.replace(path)


def refusal(tables: Sequence[CheckedTable]) -> DataError:
    """The error for the first bad row of the first table that has one."""
    more = sum(table.n_bad for table in tables) - 1
    first = next(table for table in tables if table.n_bad)
    if first.raw.malformed:
        bad = first.raw.malformed[0]
        remedy = with_more("mend it (is a comma or a quote wrong?)", more)
        return DataError(bad.problem, table=first.raw.name, row=bad.row, remedy=remedy)
    finding = first.findings[0]
    return finding.error(int(first.raw.row_numbers[finding.positions[0]]), more=more)


def _rows(table: CheckedTable) -> Iterator[dict[str, object]]:
    name = table.raw.name
    for bad in table.raw.malformed:
        yield _row(name, bad.row, None, bad.problem, bad.text)
    seen = np.zeros(table.raw.n_rows, np.bool_)
    for finding in table.findings:
        fresh = finding.positions[~seen[finding.positions]]
        seen[fresh] = True
        taken = table.raw.data.take(pa.array(fresh))
        columns = [plain_values(column) for column in taken.columns]
        raw = [
            dict(zip(taken.column_names, record, strict=True))
            for record in zip(*columns, strict=True)
        ]
        numbers = table.raw.row_numbers[fresh].tolist()
        for number, record in zip(numbers, raw, strict=True):
            text = json.dumps(record, ensure_ascii=False, default=str)
            yield _row(name, number, finding.column, finding.problem, text)


def _row(table: str, row: int, column: str | None, problem: str, raw: str) -> dict[str, object]:
    return {"table": table, "row": row, "column": column, "problem": problem, "raw": raw}


def _moved(finding: Finding, positions: NDArray[np.int64]) -> Finding:
    return Finding(
        finding.table,
        finding.column,
        finding.problem,
        finding.remedy,
        positions[finding.positions],
        finding.value,
    )
