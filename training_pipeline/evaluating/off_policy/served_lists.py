"""Many served lists as arrays, read from and written to the log's Parquet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from saldopas.features.errors import DataError
from saldopas.store.served.log import COURSE_IDS, SCHEMA, SLOT_VALUES, ServedList

REMEDY = "write it as store/served/log.py declares"


@dataclass(frozen=True)
class ServedLists:
    """n lists of at most K slots; arrays are (n, K) unless said otherwise.

    Attributes:
        course_ids: (n_items,) the catalogue.
        units: (n,) int64, the same number for lists of one participant.
        filled: bool, False where a list is shorter; there item_idx is 0, the chances are 1 and the
            reward is 0, so that nothing is counted.
        item_idx: int64 shown courses.
        at_slot, given_above: float64 chance of the course in its slot, over all lists and given
            the slots above; None where a row does not say.
        reward: float64, 1 where the shown course was bought within the window.
        pool: (n, ceil(n_items / 8)) uint8 bits of the courses that any slot could show.
        listed: int64 the course that the slot could show besides; None where the pool is all.
        n_open: rows left out because their window was not over.
    """

    course_ids: tuple[str, ...]
    units: NDArray[np.int64]
    filled: NDArray[np.bool_]
    item_idx: NDArray[np.int64]
    at_slot: NDArray[np.float64] | None
    given_above: NDArray[np.float64] | None
    reward: NDArray[np.float64]
    pool: NDArray[np.uint8]
    listed: NDArray[np.int64] | None = None
    n_open: int = 0

    @property
    def n_lists(self) -> int:
        """How many lists."""
        return len(self.units)

    @property
    def depth(self) -> int:
        """K, slots of the longest list."""
        return int(self.item_idx.shape[1])

    @property
    def n_items(self) -> int:
        """Size of the catalogue."""
        return len(self.course_ids)

    @property
    def n_pool(self) -> NDArray[np.int64]:
        """(n,) courses in the pool."""
        return np.asarray(np.bitwise_count(self.pool).sum(axis=1), np.int64)

    def take(self, rows: NDArray[np.integer]) -> ServedLists:
        """The lists asked for, in that order."""
        return replace(
            self,
            units=self.units[rows],
            filled=self.filled[rows],
            item_idx=self.item_idx[rows],
            at_slot=None if self.at_slot is None else self.at_slot[rows],
            given_above=None if self.given_above is None else self.given_above[rows],
            reward=self.reward[rows],
            pool=self.pool[rows],
            listed=None if self.listed is None else self.listed[rows],
        )

    def could_stand(self, item_idx: NDArray[np.integer]) -> NDArray[np.bool_]:
        """(n, K) whether the logger could show the course in its slot of `item_idx` (n, K)."""
        drawn = self.in_pool(item_idx)
        return drawn if self.listed is None else drawn | (self.listed == item_idx)

    def in_pool(self, item_idx: NDArray[np.integer]) -> NDArray[np.bool_]:
        """(n, m) whether any slot of row i could show the courses `item_idx[i]`."""
        rows = np.arange(self.n_lists)[:, None]
        bits = self.pool[rows, item_idx // 8]
        return np.asarray(bits >> (item_idx % 8).astype(np.uint8) & 1, np.bool_)

    def pool_block(self, rows: slice) -> NDArray[np.bool_]:
        """(rows, n_items) bool."""
        packed = self.pool[rows]
        bits = np.unpackbits(packed, axis=1, count=self.n_items, bitorder="little")
        return bits.astype(np.bool_)


def write_served(path: Path, rows: Sequence[ServedList], *, course_ids: Sequence[str]) -> None:
    """The rows as Parquet over one catalogue."""
    metadata = {COURSE_IDS: json.dumps(list(course_ids)).encode()}
    table = pa.Table.from_pylist([row.model_dump() for row in rows], SCHEMA)
    pq.write_table(table.replace_schema_metadata(metadata), path, compression="zstd")


def read_served(path: Path) -> ServedLists:
    """The lists whose window is over.

    Raises:
        DataError: not such a log, or a row breaks what `ServedList` promises.
    """
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path}: cannot be read ({error})", remedy="give a served log") from error
    metadata = table.schema.metadata or {}
    if COURSE_IDS not in metadata or not table.schema.equals(SCHEMA):
        raise DataError(f"{path}: not a log of served lists", remedy=REMEDY)
    ids = tuple(json.loads(metadata[COURSE_IDS]))
    closed = table.filter(pc.is_valid(table["bought"])).combine_chunks()
    if len(closed) == 0:
        raise DataError(f"{path}: no list has a closed window", remedy="wait for the window's end")
    lists = _arrays(closed, ids, n_open=len(table) - len(closed))
    _check(lists, path)
    return lists


def _arrays(table: pa.Table, ids: tuple[str, ...], *, n_open: int) -> ServedLists:
    lengths = np.asarray(pc.list_value_length(table["item_idx"]), np.int64)
    for name in SLOT_VALUES:
        own = pc.list_value_length(table[name]).to_numpy()
        if not (np.isnan(own) | (own == lengths)).all():
            raise DataError(f"{name} and item_idx differ in length", remedy=REMEDY)
    filled = np.arange(max(lengths.max(), 1)) < lengths[:, None]
    return ServedLists(
        course_ids=ids,
        units=_units(table["participant_id"]),
        filled=filled,
        item_idx=_padded(table, "item_idx", filled, 0).astype(np.int64),
        at_slot=_told(table, "propensity_at_slot", filled),
        given_above=_told(table, "propensity_given_above", filled),
        reward=_padded(table, "bought", filled, 0).astype(np.float64),
        pool=_bit_rows(pc.coalesce(table["pool"], table["feasible"]), n_items=len(ids)),
        listed=_listed(table, filled),
        n_open=n_open,
    )


def _told(table: pa.Table, name: str, filled: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    if table[name].null_count:
        return None
    return _padded(table, name, filled, 1).astype(np.float64)


def _listed(table: pa.Table, filled: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    """A list that is all in its pool lists what it shows."""
    if table["listed"].null_count == len(table):
        return None
    both = pc.coalesce(table["listed"], table["item_idx"])
    values = pc.list_flatten(both).to_numpy()
    padded = np.zeros(filled.shape, np.int64)
    padded[filled] = values
    return padded


def _padded(table: pa.Table, name: str, filled: NDArray[np.bool_], empty: float) -> NDArray[Any]:
    values = pc.list_flatten(table[name]).to_numpy()
    padded = np.full(filled.shape, empty, values.dtype)
    padded[filled] = values
    return padded


def _units(names: pa.ChunkedArray) -> NDArray[np.int64]:
    """Number the participants; a list without a participant is a unit of its own."""
    codes = pc.dictionary_encode(names.combine_chunks()).indices
    missing = np.asarray(names.is_null())
    units = np.asarray(codes.fill_null(0), np.int64)
    return np.where(missing, len(names) + np.arange(len(names)), units)


def _bit_rows(bits: pa.ChunkedArray, *, n_items: int) -> NDArray[np.uint8]:
    width = -(-n_items // 8)
    rows = np.zeros((len(bits), width), np.uint8)
    for row, value in enumerate(bits.to_pylist()):
        packed = np.frombuffer(value, np.uint8)[:width]
        rows[row, : len(packed)] = packed
    return rows


def _check(lists: ServedLists, path: Path) -> None:
    chances = [told for told in (lists.at_slot, lists.given_above) if told is not None]
    bad = np.zeros(lists.n_lists, np.bool_)
    for chance in chances:
        bad |= ~((chance > 0) & (chance <= 1)).all(axis=1)
    inside = (lists.item_idx >= 0) & (lists.item_idx < lists.n_items)
    safe = np.where(inside, lists.item_idx, 0)
    wrong = ~((inside & lists.could_stand(safe)) | ~lists.filled).all(axis=1)
    for rows, problem in (
        (bad, "a chance is not in (0, 1]"),
        (wrong, "a shown course is not among those that its slot could show"),
    ):
        if rows.any():
            raise DataError(problem, table=path.name, row=int(rows.argmax()) + 1, remedy=REMEDY)
