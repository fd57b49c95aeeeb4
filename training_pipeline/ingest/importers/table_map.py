"""`MAP.toml` of `saldopas import csv`: whose file and column is which of the contract's."""

from __future__ import annotations

import codecs
import tomllib
from pathlib import Path

from pydantic import Field, ValidationError, field_validator, model_validator
from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c
from saldopas.features.tables.contract import known_columns
from saldopas.features.tables.dataset_config import DatasetConfig, Frozen


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
    try:
        return ImportMap.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        reason = f"{path} cannot be read: {error.strerror}"
        raise DataError(reason, remedy="give the map's path with --map") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name} is not TOML: {error}", remedy="mend it") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        problem = f"{path.name}, {key}: {first['msg']}" if key else f"{path.name}: {first['msg']}"
        raise DataError(problem, remedy="see docs/data-contract.md") from error
