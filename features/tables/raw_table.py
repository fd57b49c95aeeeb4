"""A table as it was read, before anything is believed of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from saldopas.features.errors import DataError

GIB = 1024**3


@dataclass(frozen=True)
class ReadLimits:
    """What is refused before it is read.

    Attributes:
        max_bytes: of one table, as stored and (Parquet) as unpacked.
        max_rows: of one table, where the source knows it before reading.
    """

    max_bytes: int = 8 * GIB
    max_rows: int = 50_000_000

    def check_bytes(self, n_bytes: int, *, table: str) -> None:
        """Refuse a table of more bytes than allowed."""
        if n_bytes > self.max_bytes:
            raise DataError(
                f"it has {n_bytes:,} bytes, more than the limit of {self.max_bytes:,}",
                table=table,
                remedy="split it, or raise the limit (saldopas validate --max-gib)",
            )

    def check_rows(self, n_rows: int, *, table: str) -> None:
        """Refuse a table of more rows than allowed."""
        if n_rows > self.max_rows:
            raise DataError(
                f"it has {n_rows:,} rows, more than the limit of {self.max_rows:,}",
                table=table,
                remedy="split it, or raise the limit (saldopas validate --max-rows)",
            )


@dataclass(frozen=True)
class MalformedRow:
    """A record that did not even split into the table's columns."""

    row: int
    problem: str
    text: str


@dataclass(frozen=True)
class RawTable:
    """N rows as stored.

    Attributes:
        data: N rows; columns of any type, dictionaries decoded.
        row_numbers: (N,) int64, the data row of each in its file, from 1.
        malformed: records of the file that are not among the N.
        origin: the file's name or the database's, for messages.
        all_names: every column that is stored, read or not.
    """

    name: str
    data: pa.Table
    row_numbers: NDArray[np.int64]
    origin: str
    all_names: tuple[str, ...]
    malformed: tuple[MalformedRow, ...] = field(default=())

    @property
    def n_rows(self) -> int:
        """N."""
        return len(self.row_numbers)


def numbered(n_rows: int) -> NDArray[np.int64]:
    """Row numbers of a table that was read whole: 1..n_rows."""
    return np.arange(1, n_rows + 1, dtype=np.int64)


def check_names(names: list[str], *, table: str) -> None:
    """Refuse a column name that occurs twice: which of the two is meant nobody knows."""
    for position, name in enumerate(names):
        if name and name in names[:position]:
            raise DataError(
                "the column name occurs twice",
                table=table,
                column=name,
                remedy="rename or drop one of the two",
            )
