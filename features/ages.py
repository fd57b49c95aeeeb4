"""Years that a participant has surely reached, from a number or a band."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def ages_at_least(people: pd.DataFrame, column: str) -> NDArray[np.int64]:
    """(P,) years surely reached: a number, or the lower end of a band such as `26-35`."""
    if column not in people:
        return np.zeros(len(people), np.int64)
    values = people[column]
    if not pd.api.types.is_numeric_dtype(values):
        values = values.map(_lower_end, na_action="ignore")
    years = pd.to_numeric(values, errors="coerce").to_numpy(float, na_value=np.nan)
    return np.where(np.isfinite(years), np.clip(np.floor(years), 0, 150), 0).astype(np.int64)


def _lower_end(text: object) -> float | None:
    found = re.match(r"\s*(?:>=?|≥)?\s*(\d+)", str(text))
    return float(found.group(1)) if found else None
