"""Reading the store as a dataset: its configuration, its order, and profiles as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import orjson
import pyarrow as pa
from saldopas.features.tables import columns as c
from saldopas.features.tables.database_source import array_of, has_table
from saldopas.features.tables.dataset_config import DatasetConfig
from saldopas.features.tables.raw_table import RawTable
from saldopas.store.engine import read_info
from saldopas.store.schema import STORE_INFO
from sqlalchemy.engine import Connection

ORDER = {c.PARTICIPANTS: c.PARTICIPANT_ID, c.COURSES: "place", c.PURCHASES: "purchase_id"}
PROFILE = "profile"


def is_store(connection: Connection) -> bool:
    """Whether `saldopas store` made this database."""
    return has_table(connection, STORE_INFO.name)


def stored_config(connection: Connection) -> DatasetConfig | None:
    """The configuration of the dataset that was loaded; None where none was."""
    if not is_store(connection):
        return None
    text = read_info(connection, "dataset")
    return None if text is None else DatasetConfig.model_validate_json(text)


def order_of_store(connection: Connection, table: str) -> Sequence[str]:
    """By which columns a store's table is read, so that the same store is the same dataset."""
    return (ORDER[table],) if is_store(connection) else ()


def expanded(raw: RawTable) -> RawTable:
    """The participants of a store with a column for each key of their profiles."""
    if raw.name != c.PARTICIPANTS or PROFILE not in raw.data.column_names:
        return raw
    profiles = [orjson.loads(text) for text in raw.data[PROFILE].to_pylist()]
    names = sorted({name for profile in profiles for name in profile} - set(raw.data.column_names))
    data = raw.data.drop_columns([PROFILE])
    for name in names:
        values = array_of([profile.get(name) for profile in profiles])
        data = data.append_column(name, pa.chunked_array([values]))
    return replace(raw, data=data, all_names=tuple(data.column_names))
