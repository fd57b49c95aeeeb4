"""The contract of each table, and one raw table against it.

Pandera schemas hold types, ranges and uniqueness, once values have parsed. A check's `error` is
`problem; remedy`, which `check_table` splits into the one-line refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
from saldopas.features.errors import DataError
from saldopas.features.seconds import END_S
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset_config import DatasetConfig
from saldopas.features.tables.findings import CheckedTable, Finding
from saldopas.features.tables.moments import DTYPE, parse_moment
from saldopas.features.tables.parsing import (
    WRITE_WHOLE,
    Parsed,
    RawColumn,
    parse_flag,
    parse_id,
    parse_number,
    parse_profile,
    parse_text,
    parse_whole,
    raw_column,
)
from saldopas.features.tables.raw_table import RawTable

MAX_MONEY = 2**53
MAX_ID = 200
FIRST_MOMENT = pd.Timestamp("1970-01-01", tz="UTC")
LAST_MOMENT = pd.Timestamp(END_S, unit="s", tz="UTC")
MISSING = "it has no value; fill it in"
TWICE = "the id occurs twice; keep one row of it"

MONEY = (
    pandera.Check.ge(0, error=f"the amount is negative; {WRITE_WHOLE}"),
    pandera.Check.le(MAX_MONEY, error=f"the number is absurdly large; {WRITE_WHOLE}"),
)
ID = (
    pandera.Check.str_length(
        max_value=MAX_ID, error=f"the id is too long; use at most {MAX_ID} signs"
    ),
    pandera.Check.str_matches(
        r"^[^\x00-\x1f\x7f-\x9f]*$", error="the id holds a control character; take it out"
    ),
)
MOMENT = (
    pandera.Check(
        lambda times: (times >= FIRST_MOMENT) & (times < LAST_MOMENT),
        error="the year is not within 1970..2100; mend it",
    ),
)


def _between(low: int, high: int, what: str) -> tuple[pandera.Check]:
    return (
        pandera.Check.in_range(low, high, error=f"{what} is not within {low}..{high}; mend it"),
    )


def _optional(dtype: str, checks: tuple[pandera.Check, ...] = ()) -> pandera.Column:
    return pandera.Column(dtype, list(checks), nullable=True, required=False)


def _required(dtype: str, checks: tuple[pandera.Check, ...]) -> pandera.Column:
    return pandera.Column(dtype, list(checks), nullable=False)


def _key() -> pandera.Column:
    return pandera.Column("str", list(ID), unique=True, report_duplicates="exclude_first")


SCHEMAS: dict[str, pandera.DataFrameSchema] = {
    c.PARTICIPANTS: pandera.DataFrameSchema(
        {
            c.PARTICIPANT_ID: _key(),
            c.ANNOUNCED_AT: _optional(DTYPE, MOMENT),
            c.BALANCE: _optional("Int64", MONEY),
            c.OPTED_OUT: _optional("boolean"),
        }
    ),
    c.COURSES: pandera.DataFrameSchema(
        {
            c.COURSE_ID: _key(),
            c.PRICE: _required("Int64", MONEY),
            c.TITLE: _optional("str"),
            c.CATEGORY: _optional("str"),
            c.PROVIDER: _optional("str"),
            c.PLATFORM: _optional("str"),
            c.MODE: _optional("str"),
            c.MIN_AGE: _optional("Int64", _between(0, 150, "the age")),
            c.MIN_EDUCATION: _optional("str"),
            c.QUOTA: _optional("Int64", _between(0, 10**9, "the quota")),
            c.ON_SALE_FROM: _optional(DTYPE, MOMENT),
            c.ON_SALE_UNTIL: _optional(DTYPE, MOMENT),
            c.DURATION_DAYS: _optional("Int64", _between(0, 36_500, "the duration")),
        },
    ),
    c.PURCHASES: pandera.DataFrameSchema(
        {
            c.PARTICIPANT_ID: _required("str", ID),
            c.COURSE_ID: _required("str", ID),
            c.PURCHASED_AT: _required(DTYPE, MOMENT),
            c.PRICE_PAID: _optional("Int64", MONEY),
            c.STATUS: _optional(
                "str",
                (
                    pandera.Check.isin(
                        c.STATUSES,
                        error=f"the status is unknown; write one of {', '.join(c.STATUSES)}",
                    ),
                ),
            ),
            c.RATING: _optional("Float64", _between(0, 5, "the rating")),
        }
    ),
}


Parser = Callable[[RawColumn], Parsed]
IDS = frozenset({c.PARTICIPANT_ID, c.COURSE_ID})
WHOLE = frozenset({c.BALANCE, c.PRICE, c.PRICE_PAID, c.QUOTA, c.MIN_AGE, c.DURATION_DAYS})
MOMENTS = frozenset({c.ANNOUNCED_AT, c.ON_SALE_FROM, c.ON_SALE_UNTIL, c.PURCHASED_AT})
PANDERA_MESSAGES = {"not_nullable": MISSING, "field_uniqueness": TWICE}


def check_table(raw: RawTable, config: DatasetConfig) -> CheckedTable:
    """Parse every column, then check types, ranges and uniqueness of the rows that parsed.

    Raises:
        DataError: the table has no rows, or a column is missing or of an impossible type.
    """
    _check_shape(raw)
    parsed = {name: _parse(raw, name, config) for name in _kept_columns(raw)}
    frame = pd.DataFrame({name: column.values for name, column in parsed.items()})
    everything = np.arange(raw.n_rows, dtype=np.int64)
    table = CheckedTable(raw, frame, everything, ())
    table = table.without(tuple(f for column in parsed.values() for f in column.findings))
    return table.without(tuple(_schema_findings(raw.name, table.frame)))


def known_columns(table: str) -> tuple[str, ...]:
    """The contract's columns of a table."""
    return tuple(SCHEMAS[table].columns)


def _check_shape(raw: RawTable) -> None:
    schema = SCHEMAS[raw.name]
    names = raw.data.column_names
    for name, column in schema.columns.items():
        if column.required and name not in names:
            found = ", ".join(raw.all_names) or "none"
            raise DataError(
                f"{raw.origin} has no such column (it has: {found[:200]})",
                table=raw.name,
                column=name,
                remedy="add it, or map your names with saldopas import csv",
            )
    if raw.n_rows == 0 and not raw.malformed:
        remedy = "leave the table out" if raw.name == c.PARTICIPANTS else "write at least one row"
        raise DataError(f"{raw.origin} has no rows", table=raw.name, remedy=remedy)


def _kept_columns(raw: RawTable) -> list[str]:
    known = known_columns(raw.name)
    extras = raw.name == c.PARTICIPANTS
    return [name for name in raw.data.column_names if name in known or extras]


def _parse(raw: RawTable, name: str, config: DatasetConfig) -> Parsed:
    column = raw_column(raw, name)
    try:
        return _parse_column(column, config)
    except pa.ArrowException as error:  # a type that nobody thought of
        raise column.refused("what the contract asks for") from error


def _parse_column(column: RawColumn, config: DatasetConfig) -> Parsed:
    name = column.name
    if name in IDS:
        return parse_id(column)
    if name in WHOLE:
        return parse_whole(column)
    if name in MOMENTS:
        return parse_moment(column, timezone=config.timezone)
    if name == c.OPTED_OUT:
        return parse_flag(column)
    if name == c.RATING:
        rating = parse_number(column)
        return Parsed(rating.values.astype("Float64"), rating.findings)
    if name in known_columns(column.table):
        return parse_text(column)
    return parse_profile(column, (config.profile or {}).get(name))


def _schema_findings(table: str, frame: pd.DataFrame) -> Iterator[Finding]:
    try:
        SCHEMAS[table].validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return
    for (column, check), rows in cases.groupby(["column", "check"], sort=False):
        message = PANDERA_MESSAGES.get(str(check), str(check))
        problem, _, remedy = message.partition("; ")
        positions = np.unique(rows["index"].to_numpy(np.int64))
        value = frame[column].iloc[positions[0]]
        shown = None if message == MISSING else value
        yield Finding(table, str(column), problem, remedy, positions, shown)
