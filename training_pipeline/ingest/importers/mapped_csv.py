"""Anybody's tables, renamed and rewritten by a map, then held against the contract."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, field_validator, model_validator
from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c
from saldopas.features.tables.contract import MOMENTS, WHOLE, known_columns
from saldopas.features.tables.csv_source import CsvDialect, read_csv
from saldopas.features.tables.dataset import check_tables
from saldopas.features.tables.dataset_config import DatasetConfig, Frozen
from saldopas.features.tables.findings import check_quarantine_path
from saldopas.features.tables.raw_table import RawTable, ReadLimits
from saldopas.features.tables.sources import read_parquet
from saldopas.training_pipeline.ingest.files import read_toml, validated
from saldopas.training_pipeline.ingest.importers.imported import Imported

KEYS = {c.PARTICIPANTS: c.PARTICIPANT_ID, c.COURSES: c.COURSE_ID}
ISO = "%Y-%m-%dT%H:%M:%S.%f"


def import_mapped(path: Path, *, quarantine: Path | None = None) -> Imported:
    """The tables that the map in `path` describes, checked.

    Raises:
        DataError: the map or the data is wrong; rows are those of the mapped file.
    """
    if quarantine is not None:
        check_quarantine_path(quarantine)
    given = read_import_map(path)
    tables = {table: _mapped(table, one, path.parent) for table, one in _tables(given)}
    dataset = check_tables(tables, given.dataset, quarantine=quarantine)
    counts = {f"rows of {table} set aside": n for table, n in dataset.quarantined.items() if n}
    return Imported(
        config=given.dataset,
        participants=None if given.participants is None else dataset.participants,
        courses=dataset.courses,
        purchases=dataset.purchases,
        counts=counts,
    )


def _tables(given: ImportMap) -> Iterator[tuple[str, TableMap]]:
    if given.participants is not None:
        yield c.PARTICIPANTS, given.participants
    yield c.COURSES, given.courses
    yield c.PURCHASES, given.purchases


def _mapped(table: str, given: TableMap, folder: Path) -> RawTable:
    raw = _read(table, given, folder / given.file)
    columns = {}
    for ours, theirs in given.columns.items():
        if theirs not in raw.data.column_names:
            raise DataError(
                f"{raw.origin} has no column {theirs!r} (it has: {', '.join(raw.all_names)[:200]})",
                table=table,
                column=ours,
                remedy="mend the map",
            )
        columns[ours] = _rewritten(ours, raw.data.column(theirs), given)
    for ours, value in given.constants.items():
        columns[ours] = pa.chunked_array([pa.repeat(pa.scalar(value), raw.n_rows)])
    mapped = RawTable(
        table, pa.table(columns), raw.row_numbers, raw.origin, tuple(columns), raw.malformed
    )
    return _distinct(mapped) if given.distinct else mapped


def _read(table: str, given: TableMap, path: Path) -> RawTable:
    if not path.is_file():
        raise DataError(f"there is no file {path}", table=table, remedy="mend `file` in the map")
    wanted = tuple(given.columns.values())
    if path.suffix == ".parquet":
        return read_parquet(path, table=table, wanted=wanted, limits=ReadLimits())
    dialect = CsvDialect(given.separator, given.encoding)
    return read_csv(path, table=table, wanted=wanted, limits=ReadLimits(), dialect=dialect)


def _rewritten(ours: str, data: pa.ChunkedArray, given: TableMap) -> pa.ChunkedArray:
    if not pa.types.is_string(data.type):
        return data
    if ours in given.values:
        theirs = list(given.values[ours])
        place = pc.index_in(data, pa.array(theirs, pa.string()))
        renamed = pa.array([given.values[ours][value] for value in theirs]).take(
            place.combine_chunks()
        )
        data = pc.coalesce(pa.chunked_array([renamed]), pa.chunked_array([data.combine_chunks()]))
    if given.thousands and ours in WHOLE:
        data = pc.replace_substring(data, given.thousands, "")
    if given.date_format and ours in MOMENTS:
        data = _iso(data, given.date_format)
    return data


def _iso(data: pa.ChunkedArray, date_format: str) -> pa.ChunkedArray:
    """ISO texts; what is not of the format stays, for the contract to refuse."""
    given: pd.Series[Any] = pd.Series(data.to_pandas(), dtype="str")
    times = pd.to_datetime(given, format=date_format, errors="coerce")
    shape = ISO if getattr(times.dtype, "tz", None) is None else f"{ISO}%z"
    texts = times.dt.strftime(shape).astype("str").where(times.notna(), given)
    return pa.chunked_array([pa.array(texts, pa.string())])


def _distinct(raw: RawTable) -> RawTable:
    """The first row of each id; malformed records are the business of the file's own table."""
    key = KEYS.get(raw.name)
    if key is None or key not in raw.data.column_names:
        raise DataError(
            "`distinct` is for participants and courses", table=raw.name, remedy="mend the map"
        )
    repeated = raw.data.column(key).to_pandas().duplicated().to_numpy()
    first = np.flatnonzero(~repeated)
    data = raw.data.take(pa.array(first))
    return RawTable(raw.name, data, raw.row_numbers[first], raw.origin, raw.all_names)


class TableMap(Frozen):
    """One table of ours and the file it comes from.

    Attributes:
        file: relative to the map; `.parquet`, or else text with a header.
        columns: our name = their name.
        constants: our name = the value of every row.
        values: our name = {their value = our value}; other values stay.
        date_format: of all dates and times that are text, as `strptime` writes it.
        thousands: a sign to take out of whole numbers, as `.` of `300.000`.
        distinct: only the first row of each id: a catalogue out of a list of orders.
    """

    file: str
    separator: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8"
    columns: dict[str, str] = Field(min_length=1)
    constants: dict[str, str | int | float | bool] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    date_format: str | None = None
    thousands: str = Field(default="", max_length=1)
    distinct: bool = False

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str) -> str:
        try:
            return codecs.lookup(encoding).name
        except LookupError as error:
            raise ValueError(f"unknown encoding {encoding!r}") from error

    @property
    def names(self) -> set[str]:
        """Our columns that it gives."""
        return {*self.columns, *self.constants}


class ImportMap(Frozen):
    """The whole map: the keys of `dataset.toml`, and a table for each of ours."""

    dataset: DatasetConfig = DatasetConfig()
    participants: TableMap | None = None
    courses: TableMap
    purchases: TableMap

    @model_validator(mode="after")
    def _known_columns(self) -> ImportMap:
        for table, mapped in ((c.COURSES, self.courses), (c.PURCHASES, self.purchases)):
            if unknown := mapped.names - set(known_columns(table)):
                raise ValueError(f"table {table} has no column {min(unknown)!r} in the contract")
        return self


def read_import_map(path: Path) -> ImportMap:
    """The map in `path`.

    Raises:
        DataError: there is no such file, it is not TOML, or a key is unknown or wrong.
    """
    values = read_toml(path)
    return validated(ImportMap, values, path=path, remedy="see docs/data-contract.md")
