"""One raw table against the contract: columns, values, ranges, uniqueness."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
from numpy.typing import NDArray
from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset_config import DatasetConfig
from saldopas.features.tables.findings import Finding, bad_rows
from saldopas.features.tables.moments import parse_moment
from saldopas.features.tables.parsing import (
    Parsed,
    RawColumn,
    parse_flag,
    parse_id,
    parse_number,
    parse_text,
    parse_whole,
    raw_column,
)
from saldopas.features.tables.profile_values import parse_profile
from saldopas.features.tables.raw_table import RawTable
from saldopas.features.tables.schemas import MISSING, SCHEMAS, TWICE

Parser = Callable[[RawColumn], Parsed]
IDS = frozenset({c.PARTICIPANT_ID, c.COURSE_ID})
WHOLE = frozenset({c.BALANCE, c.PRICE, c.PRICE_PAID, c.QUOTA, c.MIN_AGE, c.DURATION_DAYS})
MOMENTS = frozenset({c.ANNOUNCED_AT, c.ON_SALE_FROM, c.ON_SALE_UNTIL, c.PURCHASED_AT})
PANDERA_MESSAGES = {"not_nullable": MISSING, "field_uniqueness": TWICE}


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


def _moved(finding: Finding, positions: NDArray[np.int64]) -> Finding:
    return Finding(
        finding.table,
        finding.column,
        finding.problem,
        finding.remedy,
        positions[finding.positions],
        finding.value,
    )
