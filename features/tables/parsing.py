"""One column as stored (text or typed) into the contract's type, with what does not parse.

Every parser takes a `RawColumn` and gives a `Parsed`: values with null where a value is bad, and
the findings that say so. A column of a type that cannot mean it at all raises `DataError`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from saldopas.features.errors import DataError
from saldopas.features.tables.dataset_config import Categorical, ProfileColumn
from saldopas.features.tables.findings import Finding, plain_values
from saldopas.features.tables.raw_table import RawTable

WHOLE = r"^[+-]?[0-9]{1,18}(\.0{1,2})?$"
TOO_LARGE = r"^[+-]?[0-9]{19,}$"
FRACTION = r"^[+-]?[0-9]*\.[0-9]+$"
TRUE, FALSE = ("true", "1", "yes"), ("false", "0", "no")
MAX_TEXT = 10_000
LARGEST = pa.scalar(np.iinfo(np.int64).max, pa.uint64())
WRITE_WHOLE = "write whole units without separators or signs of currency, as 300000"


@dataclass(frozen=True)
class RawColumn:
    """A column of N values and where it stands; `row_numbers` (N,) are those of its file."""

    table: str
    name: str
    data: pa.ChunkedArray
    row_numbers: NDArray[np.int64]

    @property
    def kind(self) -> pa.DataType:
        """The stored type."""
        return self.data.type

    def finding(self, bad: pa.ChunkedArray, problem: str, remedy: str) -> Iterator[Finding]:
        """A finding for the rows where `bad` (N, bool) is true, or none."""
        positions = np.flatnonzero(_numpy_bool(bad)).astype(np.int64)
        if len(positions):
            (first,) = plain_values(self.data.slice(int(positions[0]), 1))
            yield Finding(self.table, self.name, problem, remedy, positions, first)

    def refused(self, wanted: str) -> DataError:
        """The whole column is of a type that cannot be `wanted`."""
        return DataError(
            f"it is stored as {self.kind}, which is not {wanted}",
            table=self.table,
            column=self.name,
            remedy=f"store {wanted}",
        )


@dataclass(frozen=True)
class Parsed:
    """(N,) values, null where missing or bad, and what was bad."""

    values: pd.Series[Any]
    findings: tuple[Finding, ...] = ()


def raw_column(raw: RawTable, name: str) -> RawColumn:
    """The column with one spelling of text: plain strings, the empty one null."""
    data = raw.data.column(name)
    kind = data.type
    if pa.types.is_dictionary(kind):
        data = data.cast(kind.value_type)
    elif pa.types.is_decimal(kind):
        text = data.cast(pa.string())
        data = pc.replace_substring_regex(text, r"\.0+$", "")
    if pa.types.is_large_string(data.type) or pa.types.is_string_view(data.type):
        data = data.cast(pa.string())
    if pa.types.is_null(data.type):
        data = data.cast(pa.string())
    if pa.types.is_string(data.type):
        data = pc.if_else(pc.equal(data, ""), pa.scalar(None, pa.string()), data)
    return RawColumn(raw.name, name, data, raw.row_numbers)


def parse_id(column: RawColumn) -> Parsed:
    """`str`; whole numbers are ids too, as their digits."""
    kind = column.kind
    if pa.types.is_string(kind):
        return Parsed(to_str(column.data))
    if pa.types.is_integer(kind):
        return Parsed(to_str(column.data.cast(pa.string())))
    if pa.types.is_floating(kind):  # whole numbers with gaps, as pandas writes them
        values = parse_whole(column)
        return Parsed(values.values.astype("str"), values.findings)
    raise column.refused("text")


def parse_text(column: RawColumn) -> Parsed:
    """`str`; numbers, flags and dates as they are written in ISO."""
    kind = column.kind
    blob = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    if pa.types.is_nested(kind) or blob or pa.types.is_duration(kind):
        raise column.refused("text")
    if not pa.types.is_string(kind):
        return Parsed(to_str(pc.cast(column.data, pa.string())))
    too_long = pc.greater(pc.utf8_length(column.data), MAX_TEXT)
    problem = f"the text has more than {MAX_TEXT:,} characters"
    findings = column.finding(too_long, problem, "shorten it (is a quote left open?)")
    return Parsed(to_str(column.data), tuple(findings))


def parse_whole(column: RawColumn) -> Parsed:
    """`Int64`, with fractions, words and what no 64-bit integer holds as findings."""
    kind, data = column.kind, column.data
    if pa.types.is_integer(kind):
        large = pc.greater(data, LARGEST) if pa.types.is_uint64(kind) else None
        if large is None:
            return Parsed(_int64(data.cast(pa.int64())))
        findings = tuple(column.finding(large, "the number is absurdly large", WRITE_WHOLE))
        return Parsed(_int64(_null_where(data, large).cast(pa.int64())), findings)
    if pa.types.is_floating(kind):
        return _whole_of_floats(column)
    if pa.types.is_string(kind):
        return _whole_of_texts(column)
    raise column.refused("a whole number")


def parse_number(column: RawColumn) -> Parsed:
    """`float64`, with words and infinities as findings; NaN is missing."""
    kind, data = column.kind, column.data
    if pa.types.is_boolean(kind) or not (pa.types.is_string(kind) or pa.types.is_primitive(kind)):
        raise column.refused("a number")
    if pa.types.is_temporal(kind):
        raise column.refused("a number")
    given = to_str(data) if pa.types.is_string(kind) else data.to_pandas()
    numbers = pd.to_numeric(given, errors="coerce").astype("float64")
    finite = np.isfinite(numbers.to_numpy())
    present = given.notna().to_numpy()
    findings = column.finding(
        pa.chunked_array([present & ~finite]), "it is not a finite number", "write digits, as 3.5"
    )
    return Parsed(numbers.where(finite), tuple(findings))


def parse_flag(column: RawColumn) -> Parsed:
    """`boolean` (nullable) from true/false, 1/0 or yes/no."""
    if pa.types.is_boolean(column.kind):
        return Parsed(column.data.to_pandas().astype("boolean"))
    if not (pa.types.is_string(column.kind) or pa.types.is_primitive(column.kind)):
        raise column.refused("true or false")
    text = pc.utf8_lower(column.data.cast(pa.string()))
    yes = pc.is_in(text, pa.array(TRUE))
    known = pc.or_(yes, pc.is_in(text, pa.array(FALSE)))
    bad = pc.and_(pc.is_valid(text), pc.invert(known))
    values = pd.Series(_numpy_bool(yes), dtype="boolean").mask(~_numpy_bool(known))
    return Parsed(values, tuple(column.finding(bad, "it is not a flag", "write true or false")))


def _whole_of_floats(column: RawColumn) -> Parsed:
    given = column.data.to_pandas().astype("float64").to_numpy()
    missing = np.isnan(given)
    finite = np.isfinite(given)
    whole = finite & (np.floor(given) == given)
    small = np.abs(np.where(finite, given, 0)) < 2.0**63
    findings = (
        *column.finding(_arrow(~missing & ~finite), "it is not a finite number", WRITE_WHOLE),
        *column.finding(_arrow(finite & ~whole), "it has a fraction", WRITE_WHOLE),
        *column.finding(_arrow(whole & ~small), "the number is absurdly large", WRITE_WHOLE),
    )
    good = whole & small
    numbers = pd.Series(np.where(good, given, 0).astype(np.int64), dtype="Int64")
    return Parsed(numbers.mask(~good), findings)


def _whole_of_texts(column: RawColumn) -> Parsed:
    text = column.data
    whole = pc.match_substring_regex(text, WHOLE)
    large = pc.match_substring_regex(text, TOO_LARGE)
    fraction = pc.and_(pc.match_substring_regex(text, FRACTION), pc.invert(whole))
    other = pc.invert(pc.or_(pc.or_(whole, large), fraction))
    findings = (
        *column.finding(other, "it is not a whole number", WRITE_WHOLE),
        *column.finding(fraction, "it has a fraction or a thousands separator", WRITE_WHOLE),
        *column.finding(large, "the number is absurdly large", WRITE_WHOLE),
    )
    digits = pc.replace_substring_regex(_null_where(text, pc.invert(whole)), r"^\+|\..*$", "")
    return Parsed(_int64(digits.cast(pa.int64())), findings)


def _int64(data: pa.ChunkedArray) -> pd.Series[Any]:
    absent = _numpy_bool(pc.is_null(data))
    values = pd.array(data.fill_null(0).to_numpy().astype(np.int64), dtype="Int64")
    return pd.Series(values).mask(absent) if absent.any() else pd.Series(values)


def to_str(data: pa.ChunkedArray) -> pd.Series[Any]:
    """Arrow strings as pandas text, without a copy into Python objects."""
    return pd.Series(data.to_pandas(), dtype="str")


def _null_where(data: pa.ChunkedArray, bad: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(bad.fill_null(False), pa.scalar(None, data.type), data)


def _arrow(mask: NDArray[np.bool_]) -> pa.ChunkedArray:
    return pa.chunked_array([mask])


def _numpy_bool(mask: pa.ChunkedArray) -> NDArray[np.bool_]:
    return np.asarray(mask.fill_null(False).to_numpy(zero_copy_only=False), np.bool_)


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
