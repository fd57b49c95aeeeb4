"""Where a dataset's tables are: files of a directory, or a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c
from saldopas.features.tables.contract import known_columns
from saldopas.features.tables.csv_source import read_csv
from saldopas.features.tables.database_source import (
    connected,
    database_url,
    has_table,
    own_config,
    read_database_table,
)
from saldopas.features.tables.dataset_config import FILE_NAME, DatasetConfig, read_dataset_config
from saldopas.features.tables.raw_table import RawTable, ReadLimits, check_names, numbered


def is_database(source: str | Path) -> bool:
    """Whether the source is a URL and not a directory."""
    return isinstance(source, str) and "://" in source


def find_config(source: str | Path, given: DatasetConfig | Path | None) -> DatasetConfig:
    """The given configuration, else the store's own, or `dataset.toml` where the data is."""
    if isinstance(given, DatasetConfig):
        return given
    if given is not None:
        if not given.is_file():
            raise DataError(f"there is no file {given}", remedy="give the path of a dataset.toml")
        return read_dataset_config(given)
    if not is_database(source):
        return read_dataset_config(_directory(source) / FILE_NAME)
    url = database_url(str(source))
    with connected(url) as connection:
        if (own := own_config(connection)) is not None:
            return own
    if url.get_backend_name() == "sqlite":
        return read_dataset_config(Path(str(url.database)).parent / FILE_NAME)
    return DatasetConfig()


def read_tables(source: str | Path, *, limits: ReadLimits) -> Mapping[str, RawTable]:
    """The tables by name, in the contract's order; `participants` may be missing.

    Raises:
        DataError: a table is missing, stored twice, too large or not readable.
    """
    if is_database(source):
        return _database_tables(str(source), limits)
    directory = _directory(source)
    paths = {table: _table_file(directory, table) for table in c.TABLES}
    return {
        table: _read_file(path, table, limits) for table, path in paths.items() if path is not None
    }


def _database_tables(source: str, limits: ReadLimits) -> Mapping[str, RawTable]:
    with connected(database_url(source)) as connection:
        present = [table for table in c.TABLES if has_table(connection, table)]
        for table in (c.COURSES, c.PURCHASES):
            if table not in present:
                raise _missing(table, "the database has no such table", "create it or a view")
        return {
            table: read_database_table(
                connection, table=table, wanted=wanted_columns(table), limits=limits
            )
            for table in present
        }


def wanted_columns(table: str) -> tuple[str, ...] | None:
    """What is read of a table: everything of participants, else the contract's columns."""
    return None if table == c.PARTICIPANTS else known_columns(table)


def _read_file(path: Path, table: str, limits: ReadLimits) -> RawTable:
    read = read_parquet if path.suffix == ".parquet" else read_csv
    try:
        return read(path, table=table, wanted=wanted_columns(table), limits=limits)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(
            f"{path.name} cannot be read: {reason}", table=table, remedy="check the file's rights"
        ) from error


def _directory(source: str | Path) -> Path:
    directory = Path(source)
    if directory.is_dir():
        return directory
    problem = "is a file, not a directory" if directory.exists() else "does not exist"
    raise DataError(
        f"{directory} {problem}",
        remedy="give a directory with courses and purchases as .parquet or .csv, or a database URL",
    )


def _table_file(directory: Path, table: str) -> Path | None:
    candidates = [directory / f"{table}.{suffix}" for suffix in ("parquet", "csv")]
    found = [path for path in candidates if path.exists() or path.is_symlink()]
    if len(found) == 2:
        raise _missing(table, "it is there twice, as .parquet and as .csv", "remove one of them")
    if not found:
        if table == c.PARTICIPANTS:
            return None
        names = " or ".join(path.name for path in candidates)
        raise _missing(table, f"{directory} holds no {names}", "add the file")
    if not found[0].is_file():
        raise _missing(table, f"{found[0].name} is not a file", "write it as one plain file")
    return found[0]


def _missing(table: str, problem: str, remedy: str) -> DataError:
    return DataError(problem, table=table, remedy=remedy)


INDEX_PREFIX = "__index_level_"


def read_parquet(
    path: Path, *, table: str, wanted: Sequence[str] | None, limits: ReadLimits
) -> RawTable:
    """The `wanted` columns, or all of them (None); pandas' index columns are left out.

    Raises:
        DataError: the file is too large, or is truncated, garbled or no Parquet file.
    """
    limits.check_bytes(path.stat().st_size, table=table)
    try:
        with pq.ParquetFile(path) as file:
            meta = file.metadata
            limits.check_rows(meta.num_rows, table=table)
            unpacked = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
            limits.check_bytes(unpacked, table=table)
            names = list(file.schema_arrow.names)
            check_names(names, table=table)
            kept = [
                name
                for name in names
                if not name.startswith(INDEX_PREFIX) and name and (wanted is None or name in wanted)
            ]
            data = file.read(columns=kept)
            data.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{path.name} cannot be read as Parquet: {error}",
            table=table,
            remedy="write the file again",
        ) from error
    return RawTable(table, data, numbered(data.num_rows), path.name, tuple(names))
