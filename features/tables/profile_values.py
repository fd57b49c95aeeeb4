"""Undeclared participant columns: whole numbers, numbers, flags or text, whatever the file format.

The same data gives the same values from CSV, Parquet and a database, so text that is all numbers is
numbers. A column declared categorical in `dataset.toml` stays text (`"01"` is not `"1"`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from saldopas.features.tables.dataset_config import Categorical, ProfileColumn
from saldopas.features.tables.parsing import Parsed, RawColumn, parse_flag, parse_number, parse_text

# up to 15 digits: longer ones are card or identity numbers, and not exact as float64
NUMBER = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?([eE][+-]?[0-9]{1,2})?$"
FLAG = r"^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$"
EXACT = 2.0**53


def parse_profile(column: RawColumn, declared: ProfileColumn | None) -> Parsed:
    """`Int64`, `float64`, `bool`/`boolean` or `str` values of one extra column."""
    if isinstance(declared, Categorical):
        return parse_text(column)
    if declared is not None:
        numbers = parse_number(column)
        return Parsed(_whole_if_exact(numbers.values), numbers.findings)
    kind = column.kind
    if pa.types.is_boolean(kind) or _all_match(column, FLAG):
        flags = parse_flag(column).values
        return Parsed(flags if flags.isna().any() else flags.astype("bool"))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or _all_match(column, NUMBER):
        numbers = parse_number(column)
        return Parsed(_whole_if_exact(numbers.values), numbers.findings)
    return parse_text(column)


def _all_match(column: RawColumn, pattern: str) -> bool:
    if not pa.types.is_string(column.kind) or column.data.null_count == len(column.data):
        return False
    return bool(pc.all(pc.match_substring_regex(column.data, pattern)).as_py())


def _whole_if_exact(numbers: pd.Series[Any]) -> pd.Series[Any]:
    present = numbers.dropna().to_numpy()
    if len(present) and (np.floor(present) == present).all() and (np.abs(present) < EXACT).all():
        return numbers.astype("Int64")
    return numbers
