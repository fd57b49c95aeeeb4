"""MOOCCubeX enrolments: real learners in real courses, in order but without dates or prices.

The order of a learner's enrolments is written as days after `FIRST_DAY`: it says nothing about
different learners, so `dates_are_order_only` is set. A repeated enrolment in the same course is
dropped at its later place and counted.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset_config import Categorical, DatasetConfig
from saldopas.training_pipeline.ingest.importers.imported import Imported

FIRST_DAY = pd.Timestamp("2000-01-01", tz="UTC").as_unit("us")
GENDER = "gender"
GENDERS = {1: "1", 2: "2"}  # codes are undocumented; 0 is probably unknown
CONFIG = DatasetConfig(
    name="mooccubex",
    currency="none",
    timezone="UTC",
    profile={GENDER: Categorical()},
    dates_are_order_only=True,
    description="MOOCCubeX course enrolments (5-core subset): order only, no dates, no prices.",
)


def import_mooccubex(source: Path, *, with_test: bool = True) -> Imported:
    """The tables of `train.parquet`, `users.parquet` and, unless left out, `test.parquet`.

    Args:
        source: the directory of the files.
        with_test: each learner's last enrolment, one place after those of `train.parquet`.
    """
    events = _read(source, "train", ["user", "item", "pos"])
    if with_test:
        last = _read(source, "test", ["user", "item"])
        places = last["user"].map(events.groupby("user")["pos"].max()).fillna(-1) + 1
        events = pd.concat([events, last.assign(pos=places.astype("int64"))], ignore_index=True)
    ordered = events.sort_values(["user", "pos"], kind="stable", ignore_index=True)
    kept = ordered[~ordered.duplicated(["user", "item"])].reset_index(drop=True)
    items = kept["item"].drop_duplicates().sort_values()
    return Imported(
        config=CONFIG,
        participants=_participants(_read(source, "users", ["remap_id", GENDER])),
        courses=pd.DataFrame({c.COURSE_ID: items.astype("str"), c.PRICE: 0}),
        purchases=_purchases(kept),
        counts={
            "enrolments read": len(events),
            "repeated enrolments dropped": len(events) - len(kept),
        },
    )


def _read(source: Path, table: str, columns: list[str]) -> pd.DataFrame:
    path = source / f"{table}.parquet"
    try:
        return pd.read_parquet(path, columns=columns)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"{path} cannot be read: {error}", remedy="give the data set's directory with --from"
        ) from error


def _participants(users: pd.DataFrame) -> pd.DataFrame:
    ids = users["remap_id"].astype("str")
    return pd.DataFrame({c.PARTICIPANT_ID: ids, GENDER: users[GENDER].map(GENDERS).astype("str")})


def _purchases(kept: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            c.PARTICIPANT_ID: kept["user"].astype("str"),
            c.COURSE_ID: kept["item"].astype("str"),
            c.PURCHASED_AT: FIRST_DAY + pd.to_timedelta(kept["pos"], unit="D"),
        }
    )
