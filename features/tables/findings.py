"""What is wrong with rows of a table: one finding a kind of problem, with the rows it holds for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from saldopas.features.errors import DataError

SHOWN_CHARACTERS = 60


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
