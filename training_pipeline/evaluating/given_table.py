"""Somebody's table of recommendations: read, and refused by column and row where it is no such."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c

SUFFIXES = (".parquet", ".csv")
COLUMNS = (c.PARTICIPANT_ID, c.RANK, c.COURSE_ID)
TABLE = "recommendations"
IDS = frozenset({"string", "integer"})  # ids are text; whole numbers are written as such
RANKS = frozenset({"integer"})


def read_recommendations(path: Path) -> pd.DataFrame:
    """`participant_id`, `rank` and `course_id` of a Parquet or CSV file; other columns are left.

    Raises:
        DataError: it is no such file.
    """
    try:
        if path.suffix == ".parquet":
            there = pq.read_schema(path).names
            return pd.read_parquet(path, columns=[name for name in COLUMNS if name in there])
        return pd.read_csv(
            path,
            dtype={c.PARTICIPANT_ID: "str", c.COURSE_ID: "str"},
            usecols=lambda name: name in COLUMNS,
            keep_default_na=False,  # `NA` is an id like any other
            na_values=[""],
        )
    except (OSError, ValueError, pa.ArrowException) as error:
        first = str(error).splitlines()[0]
        raise DataError(
            f"{path}: cannot be read ({first})", remedy="give a Parquet or CSV file"
        ) from error


def checked(table: pd.DataFrame) -> pd.DataFrame:
    """The three columns, ids as text and ranks as int64.

    Raises:
        DataError: a column is missing or of another kind, a value is missing, a rank is below 1, or
            a participant has a rank or a course twice.
    """
    if len(table) == 0:
        raise DataError("there are no rows", table=TABLE, remedy="give a list a participant")
    found = pd.DataFrame(
        {name: _column(table, name, RANKS if name == c.RANK else IDS) for name in COLUMNS}
    )
    _refuse(found[c.RANK].to_numpy() < 1, c.RANK, "a rank is below 1", "count from 1")
    for name in (c.RANK, c.COURSE_ID):
        _refuse(
            found.duplicated([c.PARTICIPANT_ID, name]).to_numpy(),
            name,
            f"a participant has the same {name} twice",
            "give each course of a participant once, with a rank of its own",
        )
    return found


def _column(table: pd.DataFrame, name: str, kinds: frozenset[str]) -> pd.Series[Any]:
    if name not in table:
        raise DataError("missing", table=TABLE, column=name, remedy="add the column")
    values = table[name]
    if not isinstance(values, pd.Series):
        raise DataError("there twice", table=TABLE, column=name, remedy="keep one of them")
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    _refuse(values.isna().to_numpy(), name, "a value is missing", "fill it in or remove the row")
    kind = pd.api.types.infer_dtype(values, skipna=False)
    if kind not in kinds:
        wanted = "whole numbers from 1" if name == c.RANK else "text or whole numbers"
        held = "lists, records or several kinds of values" if kind.startswith("mixed") else kind
        raise DataError(
            f"holds {held}, not {wanted}",
            table=TABLE,
            column=name,
            remedy=f"write it as {wanted}, a value a row",
        )
    return values.astype("int64" if name == c.RANK else "str").reset_index(drop=True)


def _refuse(bad: NDArray[np.bool_], column: str, problem: str, remedy: str) -> None:
    """The first row with a True, counted from 1."""
    if bad.any():
        row = int(bad.argmax()) + 1
        raise DataError(problem, table=TABLE, column=column, row=row, remedy=remedy)
