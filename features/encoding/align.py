"""A newer dataset in the course order of an older catalogue, so that fitted models fit it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import Dataset

LONG_AGO = pd.Timestamp(0, unit="s", tz="UTC")


def align_courses(dataset: Dataset, known: pd.DataFrame) -> Dataset:
    """The dataset with the courses of `known` first, in their order, then the new ones.

    A known course takes its price, dates and restrictions from the dataset. One that the dataset
    does not list any more is off sale.
    """
    fresh = dataset.courses.set_index(c.COURSE_ID, drop=False)
    listed = known[c.COURSE_ID].isin(fresh.index).to_numpy()
    kept = fresh.loc[known[c.COURSE_ID][listed]]
    added = fresh[~fresh.index.isin(known[c.COURSE_ID])]
    if listed.all():
        return replace(dataset, courses=pd.concat([kept, added], ignore_index=True))
    gone = known[~listed].assign(**{c.ON_SALE_UNTIL: LONG_AGO.as_unit("us")})
    first = pd.concat([kept, gone], ignore_index=True)
    places = np.concatenate([np.flatnonzero(listed), np.flatnonzero(~listed)])
    first = first.iloc[np.argsort(places)]
    return replace(dataset, courses=pd.concat([first, added], ignore_index=True))
