"""A dataset read once at the edge: three checked tables, their configuration and fingerprint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c
from saldopas.features.tables.contract import check_table, known_columns
from saldopas.features.tables.cross_checks import course_findings, purchase_findings
from saldopas.features.tables.dataset_config import DatasetConfig
from saldopas.features.tables.findings import (
    CheckedTable,
    check_quarantine_path,
    refusal,
    write_quarantine,
)
from saldopas.features.tables.fingerprint import fingerprint
from saldopas.features.tables.id_index import places_of
from saldopas.features.tables.raw_table import RawTable, ReadLimits
from saldopas.features.tables.sources import find_config, read_tables


@dataclass(frozen=True)
class Dataset:
    """Checked tables, as `docs/data-contract.md` describes them; never changed in place.

    Attributes:
        participants: everybody of `purchases` is here too; `participant_id`, profile columns as
            read, `announced_at`, `balance` (the grant, nullable) where present, `opted_out` (bool).
        courses: in the table's order, which is the item order; `price` is int64.
        purchases: stably sorted by `purchased_at`, with `price_paid` and `status` filled in.
        fingerprint: sha256 of the content, see `saldopas.features.tables.fingerprint`.
        quarantined: rows set aside, by table.
        ignored: columns that the contract does not know, by table.
    """

    config: DatasetConfig
    participants: pd.DataFrame
    courses: pd.DataFrame
    purchases: pd.DataFrame
    fingerprint: str
    quarantined: Mapping[str, int] = field(default_factory=dict)
    ignored: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_dataset(
    source: str | Path,
    *,
    quarantine: Path | None = None,
    config: DatasetConfig | Path | None = None,
    limits: ReadLimits | None = None,
) -> Dataset:
    """The dataset in a directory of Parquet or CSV tables, or behind a database URL.

    Args:
        source: a directory, `sqlite:///FILE` or `postgresql://USER@HOST/NAME`.
        quarantine: set bad rows aside in this file (.parquet, .csv) instead of refusing them.
        config: instead of the `dataset.toml` in the directory or beside the SQLite file; a
            PostgreSQL database has none of its own.
        limits: what is refused before it is read.

    Raises:
        DataError: the data breaks the contract; one line says where and what to do.
    """
    if quarantine is not None:
        check_quarantine_path(quarantine)
    found = find_config(source, config)
    return check_tables(
        read_tables(source, limits=limits or ReadLimits()), found, quarantine=quarantine
    )


def check_tables(
    raw: Mapping[str, RawTable], config: DatasetConfig, *, quarantine: Path | None = None
) -> Dataset:
    """The dataset of tables that were read elsewhere; refuses as `read_dataset` does."""
    tables = _check(raw, config)
    if quarantine is not None:
        write_quarantine(quarantine, list(tables.values()))
    elif any(table.n_bad for table in tables.values()):
        raise refusal(list(tables.values()))
    for name, table in tables.items():
        if table.frame.empty:
            raise DataError("no good row is left", table=name, remedy="mend the rows set aside")
    return _finished(config, tables)


def _check(raw: Mapping[str, RawTable], config: DatasetConfig) -> dict[str, CheckedTable]:
    tables = {name: check_table(table, config) for name, table in raw.items()}
    courses = tables[c.COURSES]
    courses = courses.without(tuple(course_findings(courses.frame)))
    people = tables.get(c.PARTICIPANTS)
    purchases = tables[c.PURCHASES]
    found = purchase_findings(
        purchases.frame,
        courses.frame,
        None if people is None else people.frame,
        dates_are_order_only=config.dates_are_order_only,
    )
    return tables | {c.COURSES: courses, c.PURCHASES: purchases.without(tuple(found))}


def _finished(config: DatasetConfig, tables: Mapping[str, CheckedTable]) -> Dataset:
    courses = tables[c.COURSES].frame.astype({c.PRICE: "int64"})
    purchases = _filled(tables[c.PURCHASES].frame, courses)
    people = tables.get(c.PARTICIPANTS)
    participants = _participants(None if people is None else people.frame, purchases)
    return Dataset(
        config=config,
        participants=participants,
        courses=courses,
        purchases=purchases,
        fingerprint=fingerprint(config, participants, courses, purchases),
        quarantined={name: table.n_bad for name, table in tables.items()},
        ignored={name: _ignored(table.raw) for name, table in tables.items()},
    )


def _filled(purchases: pd.DataFrame, courses: pd.DataFrame) -> pd.DataFrame:
    """Purchases by time; a missing price is the course's, a missing status `completed`."""
    places = places_of(purchases[c.COURSE_ID], courses[c.COURSE_ID])
    prices = courses[c.PRICE].to_numpy()[places]
    if c.PRICE_PAID in purchases:
        paid = purchases[c.PRICE_PAID]
        prices = np.where(paid.isna(), prices, paid.fillna(0).to_numpy(np.int64))
    status = (
        purchases[c.STATUS].fillna(c.COMPLETED)
        if c.STATUS in purchases
        else pd.Series(c.COMPLETED, index=purchases.index, dtype="str")
    )
    filled = purchases.assign(**{c.PRICE_PAID: prices, c.STATUS: status})
    return filled.sort_values(c.PURCHASED_AT, kind="stable", ignore_index=True)


def _participants(people: pd.DataFrame | None, purchases: pd.DataFrame) -> pd.DataFrame:
    """The table as read, or everybody who bought, by id; `opted_out` false where it is missing."""
    if people is None:
        ids = np.sort(purchases[c.PARTICIPANT_ID].unique())
        people = pd.DataFrame({c.PARTICIPANT_ID: pd.Series(ids, dtype="str")})
    opted_out = pd.Series(np.zeros(len(people), np.bool_), dtype="bool")
    if c.OPTED_OUT in people:
        opted_out = people[c.OPTED_OUT].fillna(value=False).astype("bool")
    return people.assign(**{c.OPTED_OUT: opted_out})


def _ignored(raw: RawTable) -> tuple[str, ...]:
    if raw.name == c.PARTICIPANTS:
        return tuple(name for name in raw.all_names if name not in raw.data.column_names)
    known = known_columns(raw.name)
    return tuple(name for name in raw.all_names if name not in known)
