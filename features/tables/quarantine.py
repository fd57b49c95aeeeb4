"""Bad rows: set aside in a file with the reason and the row itself, or refused in one line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from saldopas.features.errors import DataError
from saldopas.features.tables.columns import TABLES
from saldopas.features.tables.contract import CheckedTable
from saldopas.features.tables.findings import plain_values, with_more

SCHEMA = pa.schema(
    [
        ("table", pa.string()),
        ("row", pa.int64()),
        ("column", pa.string()),
        ("problem", pa.string()),
        ("raw", pa.string()),
    ]
)
SUFFIXES = (".parquet", ".csv")


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
    data = pa.Table.from_pylist(rows, schema=SCHEMA)
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
