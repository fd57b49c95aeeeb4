"""People who were erased: who they are, and datasets and files without them."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from saldopas.features.tables import columns as c
from saldopas.store import DEFAULT_STORE
from saldopas.store.engine import hash_of, store_errors
from saldopas.store.erase import erased_in

if TYPE_CHECKING:
    from saldopas.features.tables.dataset import Dataset

PERSONAL = (c.PARTICIPANTS, c.PURCHASES)


class Erased:
    """Knows people by the hashes of their ids."""

    def __init__(self, salt: bytes, hashes: frozenset[str]) -> None:
        self._salt = salt
        self._hashes = hashes

    def __bool__(self) -> bool:
        return bool(self._hashes)

    def among(self, ids: Sequence[str]) -> NDArray[np.bool_]:
        """(N,) which of the ids are of them."""
        if not self._hashes:
            return np.zeros(len(ids), np.bool_)
        return np.array([hash_of(name, self._salt) in self._hashes for name in ids], np.bool_)


def store_in_use() -> str:
    """`SALDOPAS_STORE`, or a SQLite file below the working directory."""
    return os.environ.get("SALDOPAS_STORE") or DEFAULT_STORE


def erased_people(url: str) -> Erased:
    """The erased participants of a store; none where there is no store."""
    with store_errors(url):
        return Erased(*erased_in(url))


def open_dataset(source: str | Path, *, quarantine: Path | None = None) -> Dataset:
    """As `read_dataset`, without the people whom the store in use was told to forget.

    What trains, tunes, measures or scores opens its data here.
    """
    from saldopas.features.tables.dataset import read_dataset

    return without_erased(
        read_dataset(source, quarantine=quarantine), erased_people(store_in_use())
    )


def without_erased(dataset: Dataset, erased: Erased) -> Dataset:
    """The dataset as if it had never held them."""
    from saldopas.features.tables.fingerprint import fingerprint

    if not erased:
        return dataset
    goes = erased.among(dataset.participants[c.PARTICIPANT_ID].tolist())
    if not goes.any():
        return dataset
    people = dataset.participants[~goes].reset_index(drop=True)
    staying = dataset.purchases[c.PARTICIPANT_ID].isin(people[c.PARTICIPANT_ID])
    purchases = dataset.purchases[staying].reset_index(drop=True)
    return replace(
        dataset,
        participants=people,
        purchases=purchases,
        fingerprint=fingerprint(dataset.config, people, dataset.courses, purchases),
    )


def erase_from_directory(directory: Path, erased: Erased) -> int:
    """Rewrite the tables of a dataset without the erased people; how many rows went."""
    gone = 0
    for table in PERSONAL:
        for suffix, rewrite in ((".parquet", _parquet_without), (".csv", _csv_without)):
            path = directory / f"{table}{suffix}"
            if path.is_file():
                gone += rewrite(path, erased)
    return gone


def _parquet_without(path: Path, erased: Erased) -> int:
    table = pq.read_table(path)
    goes = erased.among([str(name) for name in table[c.PARTICIPANT_ID].to_pylist()])
    if goes.any():
        beside = path.with_name(f".{path.name}.part")
        pq.write_table(table.filter(pa.array(~goes)), beside, compression="zstd")
        beside.replace(path)
    return int(goes.sum())


def _csv_without(path: Path, erased: Erased) -> int:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = list(csv.reader(file))
    place = header.index(c.PARTICIPANT_ID)
    goes = erased.among([row[place] if place < len(row) else "" for row in rows])
    if goes.any():
        beside = path.with_name(f".{path.name}.part")
        with beside.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(row for row, leaves in zip(rows, goes, strict=True) if not leaves)
        beside.replace(path)
    return int(goes.sum())
