"""Reading one CSV table as text: with a header, quotes doubled inside quotes."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.csv
from saldopas.features.errors import DataError
from saldopas.features.tables.findings import shorten
from saldopas.features.tables.raw_table import (
    MalformedRow,
    RawTable,
    ReadLimits,
    check_names,
    numbered,
)

CHUNK_BYTES = 1 << 24
BLOCK_BYTES = 1 << 24
SHOWN_CHARACTERS = 2_000
OTHER_SEPARATORS = (";", "\t", "|")
PACKED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "ZIP, as Excel files are too"}


@dataclass(frozen=True)
class CsvDialect:
    """How a file is written; the contract's own files are of the default."""

    separator: str = ","
    encoding: str = "utf-8"


def read_csv(
    path: Path,
    *,
    table: str,
    wanted: Sequence[str] | None,
    limits: ReadLimits,
    dialect: CsvDialect = CsvDialect(),
) -> RawTable:
    """Every field as text, the empty one as null; `wanted` columns only, or all (None).

    Records with too few or too many fields become `malformed`; their row numbers stay theirs.

    Raises:
        DataError: the file is too large, empty, not UTF-8, or its quotes do not pair.
    """
    limits.check_bytes(path.stat().st_size, table=table)
    if _scan(path, table, dialect) % 2:
        _check_quotes(path, table, dialect)
    names = _header(path, table, dialect)
    _check_separator(names, path, table)
    check_names(names, table=table)
    malformed = _Malformed()
    kept = [name for name in names if name and (wanted is None or name in wanted)]
    data = _read(path, table, kept, malformed, dialect)
    limits.check_rows(data.num_rows, table=table)
    rows = numbered(data.num_rows + len(malformed.rows))
    skipped = np.array([bad.row for bad in malformed.rows], np.int64) - 1
    rows = np.delete(rows, skipped)
    return RawTable(table, data, rows, path.name, tuple(names), tuple(malformed.rows))


class _Malformed:
    """Collects what pyarrow cannot split; it calls this for each such record."""

    def __init__(self) -> None:
        self.rows: list[MalformedRow] = []

    def __call__(self, bad: Any) -> str:
        problem = f"it has {bad.actual_columns} fields where the header has {bad.expected_columns}"
        # pyarrow counts records from 1 and the header is the first
        self.rows.append(MalformedRow(bad.number - 1, problem, bad.text[:SHOWN_CHARACTERS]))
        return "skip"


def _read(
    path: Path,
    table: str,
    kept: list[str],
    malformed: _Malformed,
    dialect: CsvDialect,
) -> pa.Table:
    try:
        return pa.csv.read_csv(
            path,
            # row numbers of malformed records are only known to a single thread
            read_options=pa.csv.ReadOptions(
                use_threads=False, block_size=BLOCK_BYTES, encoding=dialect.encoding
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=dialect.separator,
                newlines_in_values=True,
                invalid_row_handler=malformed,
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(kept, pa.string()),
                include_columns=kept,
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except (pa.ArrowException, ValueError, KeyError) as error:
        raise DataError(
            f"{path.name} is not a CSV file: {error}", table=table, remedy="write it again"
        ) from error


def _scan(path: Path, table: str, dialect: CsvDialect) -> int:
    """The number of quotes; refuses what does not decode, naming the row."""
    decoder = codecs.getincrementaldecoder(dialect.encoding)()
    quotes = 0
    position = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            quotes += chunk.count(b'"')
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                raise _not_text(path, table, dialect, position - pending + error.start) from error
            position += len(chunk)
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise _not_text(path, table, dialect, position) from error
    return quotes


def _not_text(path: Path, table: str, dialect: CsvDialect, position: int) -> DataError:
    with path.open("rb") as file:
        head = file.read(4)
        for signature, kind in PACKED.items():
            if head.startswith(signature):
                raise DataError(f"{path.name} is packed ({kind})", table=table, remedy="unpack it")
        file.seek(0)
        before = file.read(position).decode(dialect.encoding, errors="replace")
    lines = io.StringIO(f"{before}x", newline="")
    try:
        records = sum(bool(record) for record in csv.reader(lines, delimiter=dialect.separator))
    except csv.Error:  # garbage before it too: no row can be told
        records = 0
    return DataError(
        f"{path.name} is not {dialect.encoding.upper()} text (byte {position})",
        table=table,
        row=records - 1 if records > 1 else None,
        remedy="save the file as UTF-8",
    )


def _check_quotes(path: Path, table: str, dialect: CsvDialect) -> None:
    row = -1
    with _opened(path, dialect) as file:
        try:
            for record in csv.reader(file, strict=True, delimiter=dialect.separator):
                row += bool(record)
        except csv.Error as error:
            raise DataError(
                f"{path.name} has a quote that is opened and never closed ({error})",
                table=table,
                row=max(row + 1, 1),
                remedy='close it, and double a quote inside a text ("")',
            ) from error


def _header(path: Path, table: str, dialect: CsvDialect) -> list[str]:
    with _opened(path, dialect) as file:
        try:
            for record in csv.reader(file, delimiter=dialect.separator):
                if record:
                    return record
        except csv.Error as error:
            raise DataError(
                f"{path.name} has no readable header: {error}", table=table, remedy="write it again"
            ) from error
    raise DataError(
        f"{path.name} is empty", table=table, remedy="write a header and at least one row"
    )


def _check_separator(names: list[str], path: Path, table: str) -> None:
    """A header of one name that holds another separator was split at the wrong one."""
    other = next((sign for sign in OTHER_SEPARATORS if sign in names[0]), None)
    if len(names) == 1 and other is not None:
        written = {"\t": "\\t"}.get(other, other)
        raise DataError(
            f"{path.name} has one column ({shorten(names[0])})",
            table=table,
            remedy=f'write it with commas, or give separator = "{written}" in a map for '
            "saldopas import csv",
        )


def _opened(path: Path, dialect: CsvDialect) -> TextIO:
    encoding = "utf-8-sig" if dialect.encoding == "utf-8" else dialect.encoding
    return path.open(encoding=encoding, newline="")
