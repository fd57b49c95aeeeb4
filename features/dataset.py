"""A dataset read once at the edge: three checked tables, their configuration and fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from features import columns as c
from features.dataset_config import FILE_NAME, DatasetConfig, read_dataset_config
from features.errors import DataError

DATES = {c.ANNOUNCED_AT, c.ON_SALE_FROM, c.ON_SALE_UNTIL, c.PURCHASED_AT}
WHOLE = {c.BALANCE, c.PRICE, c.PRICE_PAID, c.QUOTA, c.MIN_AGE, c.DURATION_DAYS}
IDS = {c.PARTICIPANT_ID, c.COURSE_ID}


@dataclass(frozen=True)
class Dataset:
    """Checked tables, as `docs/data-contract.md` describes them; never changed in place.

    Attributes:
        participants: everybody of `purchases` is here too; `participant_id`, profile columns as
            read, `announced_at`, `balance` (the grant, nullable) where present, `opted_out` (bool).
        courses: in the table's order, which is the item order; `price` is int64.
        purchases: stably sorted by `purchased_at`, with `price_paid` and `status` filled in.
        fingerprint: sha256 of the content, the same for any row order and file format.
        quarantined: rows set aside, by table.
    """

    config: DatasetConfig
    participants: pd.DataFrame
    courses: pd.DataFrame
    purchases: pd.DataFrame
    fingerprint: str
    quarantined: Mapping[str, int] = field(default_factory=dict)


def read_dataset(source: str | Path, *, quarantine: Path | None = None) -> Dataset:
    """The dataset in `source`, a directory of Parquet or CSV tables.

    Raises:
        DataError: the data breaks the contract; one line says where and what to do.
    """
    folder = Path(source)
    config = read_dataset_config(folder / FILE_NAME)
    courses = _typed(_read(folder, c.COURSES), config)
    purchases = _typed(_read(folder, c.PURCHASES), config)
    try:
        participants = _typed(_read(folder, c.PARTICIPANTS), config)
    except FileNotFoundError:
        participants = pd.DataFrame({c.PARTICIPANT_ID: purchases[c.PARTICIPANT_ID].unique()})
    if c.OPTED_OUT not in participants:
        participants[c.OPTED_OUT] = False
    participants[c.OPTED_OUT] = participants[c.OPTED_OUT].fillna(False).astype(bool)
    courses[c.PRICE] = courses[c.PRICE].astype("int64")
    prices = purchases[c.COURSE_ID].map(courses.set_index(c.COURSE_ID)[c.PRICE])
    paid = purchases[c.PRICE_PAID].fillna(prices) if c.PRICE_PAID in purchases else prices
    purchases[c.PRICE_PAID] = paid.astype("int64")
    status = purchases.get(c.STATUS, pd.Series(c.COMPLETED, index=purchases.index, dtype="str"))
    purchases[c.STATUS] = status.fillna(c.COMPLETED)
    purchases = purchases.sort_values(c.PURCHASED_AT, kind="stable", ignore_index=True)
    digest = hashlib.sha256(config.model_dump_json().encode())
    for frame in (participants, courses, purchases):
        digest.update(pd.util.hash_pandas_object(frame, index=False).sort_values().to_numpy())
    return Dataset(config, participants, courses, purchases, digest.hexdigest())


def _read(folder: Path, table: str) -> pd.DataFrame:
    parquet, text = folder / f"{table}.parquet", folder / f"{table}.csv"
    if parquet.exists():
        return pd.read_parquet(parquet)
    if not text.exists():
        if table == c.PARTICIPANTS:
            raise FileNotFoundError(text)
        raise DataError("there is no such file", table=table, remedy=f"write {text.name}")
    return pd.read_csv(text, dtype=dict.fromkeys(IDS, "str"))


def _typed(frame: pd.DataFrame, config: DatasetConfig) -> pd.DataFrame:
    frame = frame.copy()
    for name in frame.columns:
        if name in IDS:
            frame[name] = frame[name].astype("str")
        elif name in WHOLE:
            frame[name] = frame[name].astype("Int64")
        elif name in DATES:
            times = pd.to_datetime(frame[name], format="ISO8601")
            local = times.dt.tz_localize(config.timezone) if times.dt.tz is None else times
            frame[name] = local.dt.tz_convert("UTC").astype("datetime64[us, UTC]")
        elif name == c.RATING:
            frame[name] = frame[name].astype("Float64")
    return frame
