"""From arrays to the data contract: ids, texts, dates and missing values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.tables import columns as c
from saldopas.training_pipeline.ingest.sample.catalogue import Catalogue
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from saldopas.training_pipeline.ingest.sample.moments import timestamps
from saldopas.training_pipeline.ingest.sample.on_sale import NO_LAST_DAY
from saldopas.training_pipeline.ingest.sample.people import People
from saldopas.training_pipeline.ingest.sample.purchases import Purchases, World

PROFILE_TEXTS = (
    "gender",
    "education",
    "province",
    "employment",
    "urban",
    "no_earlier_training",
    "disability",
    "wave",
)


def participants_table(config: SampleConfig, people: People, *, grant_rp: int) -> pd.DataFrame:
    """`participants`, in order of id. `balance` is the grant, not what is left."""
    profile = {name: _texts(people.labels[name], people.codes[name]) for name in PROFILE_TEXTS}
    return pd.DataFrame(
        {
            c.PARTICIPANT_ID: _participant_ids(np.arange(people.n)),
            c.ANNOUNCED_AT: timestamps(people.announced_s),
            c.BALANCE: np.full(people.n, grant_rp, np.int64),
            c.OPTED_OUT: people.opted_out,
            "age": people.age,
            **profile,
        }
    )


def courses_table(config: SampleConfig, catalogue: Catalogue) -> pd.DataFrame:
    """`courses`, in order of id, which says nothing of popularity."""
    own, levels = config.catalogue, ("", *config.people.education)
    education = _texts(levels, catalogue.min_education)
    until = timestamps(catalogue.until_s).where(catalogue.until_s != NO_LAST_DAY)
    return pd.DataFrame(
        {
            c.COURSE_ID: _course_ids(np.arange(catalogue.n)),
            c.PRICE: catalogue.price_rp,
            c.TITLE: pd.array(catalogue.title, dtype="str"),
            c.CATEGORY: _texts(tuple(own.categories), catalogue.category),
            c.PROVIDER: pd.array(catalogue.provider_name, dtype="str"),
            c.PLATFORM: _texts(tuple(own.platforms), catalogue.platform),
            c.MODE: _texts(tuple(own.modes), catalogue.mode),
            c.MIN_AGE: _positive(catalogue.min_age, missing=0),
            c.MIN_EDUCATION: education.where(education != ""),
            c.QUOTA: _positive(catalogue.quota, missing=-1),
            c.ON_SALE_FROM: timestamps(catalogue.from_s),
            c.ON_SALE_UNTIL: until,
            c.DURATION_DAYS: catalogue.duration_days,
        }
    )


def purchases_table(world: World, purchases: Purchases) -> pd.DataFrame:
    """`purchases`, in order of time."""
    order = np.lexsort((purchases.person, purchases.at_s))
    item_idx, completed = purchases.item_idx[order], purchases.completed[order]
    return pd.DataFrame(
        {
            c.PARTICIPANT_ID: _participant_ids(purchases.person[order]),
            c.COURSE_ID: _course_ids(item_idx),
            c.PURCHASED_AT: timestamps(purchases.at_s[order]),
            c.PRICE_PAID: world.catalogue.price_rp[item_idx],
            c.STATUS: _texts((c.ACTIVE, c.COMPLETED), completed.astype(np.int8)),
            c.RATING: _positive(purchases.rating[order].astype(np.int64), missing=0),
        }
    )


def _participant_ids(places: NDArray[np.int64]) -> pd.Series[str]:
    return pd.Series([f"P{place + 1:07d}" for place in places.tolist()], dtype="str")


def _course_ids(places: NDArray[np.int64]) -> pd.Series[str]:
    return pd.Series([f"C{place + 1:05d}" for place in places.tolist()], dtype="str")


def _texts(labels: Sequence[str], codes: NDArray[np.int8]) -> pd.Series[str]:
    return pd.Series(np.array(labels, object)[codes], dtype="str")


def _positive(values: NDArray[np.int64], *, missing: int) -> pd.Series[int]:
    series = pd.Series(values, dtype="Int64")
    return series.mask(series == missing)
