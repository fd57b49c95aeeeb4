"""Reading one Parquet table; what its types mean is decided when its columns are parsed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from saldopas.features.errors import DataError
from saldopas.features.tables.raw_table import RawTable, ReadLimits, check_names, numbered

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
