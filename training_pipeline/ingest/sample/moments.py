"""Local (WIB) time as whole seconds, and its days and months. WIB has no summer time."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ZONE = "Asia/Jakarta"


def day_start_s(day: date) -> int:
    """The first second of `day`, in local seconds since 1970-01-01 00:00 local time."""
    return int(np.datetime64(day, "s").astype(np.int64))


def month_of(at_s: NDArray[np.int64]) -> NDArray[np.int64]:
    """Calendar months since January 1970."""
    return at_s.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)


def timestamps(at_s: NDArray[np.int64]) -> pd.DatetimeIndex:
    """Local seconds as time-zone aware datetimes."""
    return pd.DatetimeIndex(at_s.astype("datetime64[s]")).as_unit("us").tz_localize(ZONE)
