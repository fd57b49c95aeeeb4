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

from features.errors import DataError
from features.served_log import COURSE_IDS, SCHEMA, ServedList

REMEDY = "write it as features/served_log.py declares"
LISTS = ("item_idx", "scores", "propensity", "propensity_at_slot", "bought")


@dataclass(frozen=True)
class ServedLists:
    """n lists of at most K slots; arrays are (n, K) unless said otherwise.

    Attributes:
        course_ids: (n_items,) the catalogue.
        units: (n,) int64, the same number for lists of one participant.
        filled: bool, False where a list is shorter; there item_idx is 0, the chances are 1 and the
            reward is 0, so that nothing is counted.
        item_idx: int64 shown courses.
        propensity: float64 chance given the slots above.
        at_slot: float64 chance over all that could be above; None where a row does not say.
        reward: float64, 1 where the shown course was bought within the window.
        reachable: (n, ceil(n_items / 8)) uint8 bits of the courses the logger could show.
        n_open: rows left out because their window was not over.
    """

    course_ids: tuple[str, ...]
    units: NDArray[np.int64]
    filled: NDArray[np.bool_]
    item_idx: NDArray[np.int64]
    propensity: NDArray[np.float64]
    at_slot: NDArray[np.float64] | None
    reward: NDArray[np.float64]
    reachable: NDArray[np.uint8]
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
    def n_reachable(self) -> NDArray[np.int64]:
        """(n,) courses that the logger could show."""
        return np.asarray(np.bitwise_count(self.reachable).sum(axis=1), np.int64)

    def take(self, rows: NDArray[np.integer]) -> ServedLists:
        """The lists asked for, in that order."""
        return replace(
            self,
            units=self.units[rows],
            filled=self.filled[rows],
            item_idx=self.item_idx[rows],
            propensity=self.propensity[rows],
            at_slot=None if self.at_slot is None else self.at_slot[rows],
            reward=self.reward[rows],
            reachable=self.reachable[rows],
        )

    def could_show(self, item_idx: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Whether the logger of row i could show the courses `item_idx[i]`; shape of (n, m)."""
        rows = np.arange(self.n_lists)[:, None]
        bits = self.reachable[rows, item_idx // 8]
        return np.asarray(bits >> (item_idx % 8).astype(np.uint8) & 1, np.bool_)

    def reachable_block(self, rows: slice) -> NDArray[np.bool_]:
        """(rows, n_items) bool."""
        packed = self.reachable[rows]
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
    for name in LISTS:
        own = pc.list_value_length(table[name]).to_numpy()
        if not (np.isnan(own) | (own == lengths)).all():
            raise DataError(f"{name} and item_idx differ in length", remedy=REMEDY)
    filled = np.arange(max(lengths.max(), 1)) < lengths[:, None]
    bits = table["feasible"] if table["reachable"].null_count else table["reachable"]
    if table["reachable"].null_count:
        bits = pc.coalesce(table["reachable"], table["feasible"])
    told = not table["propensity_at_slot"].null_count
    return ServedLists(
        course_ids=ids,
        units=_units(table["participant_id"]),
        filled=filled,
        item_idx=_padded(table, "item_idx", filled, 0).astype(np.int64),
        propensity=_padded(table, "propensity", filled, 1).astype(np.float64),
        at_slot=_padded(table, "propensity_at_slot", filled, 1).astype(np.float64)
        if told
        else None,
        reward=_padded(table, "bought", filled, 0).astype(np.float64),
        reachable=_bit_rows(bits, n_items=len(ids)),
        n_open=n_open,
    )


def _padded(table: pa.Table, name: str, filled: NDArray[np.bool_], empty: float) -> NDArray[Any]:
    values = pc.list_flatten(table[name]).to_numpy()
    padded = np.full(filled.shape, empty, values.dtype)
    padded[filled] = values
    return padded


def _units(names: pa.ChunkedArray) -> NDArray[np.int64]:
    """Participants by number; a list of nobody in particular is a unit of its own."""
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
    chances = [lists.propensity, *([] if lists.at_slot is None else [lists.at_slot])]
    bad = np.zeros(lists.n_lists, np.bool_)
    for chance in chances:
        bad |= ~((chance > 0) & (chance <= 1)).all(axis=1)
    inside = (lists.item_idx >= 0) & (lists.item_idx < lists.n_items)
    safe = np.where(inside, lists.item_idx, 0)
    wrong = ~((inside & lists.could_show(safe)) | ~lists.filled).all(axis=1)
    for rows, problem in (
        (bad, "a chance is not in (0, 1]"),
        (wrong, "a shown course is not among those that could be shown"),
    ):
        if rows.any():
            raise DataError(problem, table=path.name, row=int(rows.argmax()) + 1, remedy=REMEDY)
