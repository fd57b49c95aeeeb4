"""Age and education that a participant has surely reached, and what a course demands."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

OLDEST = 150


def ages_at_least(people: pd.DataFrame, column: str) -> NDArray[np.int64]:
    """(P,) years surely reached: a number, or the lower end of a band such as `26-35`."""
    import pandas as pd  # not in a service, which has one value at a time

    if column not in people:
        return np.zeros(len(people), np.int64)
    values = people[column]
    if not pd.api.types.is_numeric_dtype(values):
        values = values.map(_lower_end, na_action="ignore")
    years = pd.to_numeric(values, errors="coerce").to_numpy(float, na_value=np.nan)
    return np.where(np.isfinite(years), np.clip(np.floor(years), 0, OLDEST), 0).astype(np.int64)


def age_at_least(value: object) -> int:
    """As `ages_at_least` of a column with this value alone; 0 where it is missing."""
    try:
        years = float(value) if isinstance(value, int | float) else _lower_end(value)
    except OverflowError:
        return 0
    if years is None or not math.isfinite(years):
        return 0
    return min(max(math.floor(years), 0), OLDEST)


def education_levels(
    people: pd.DataFrame, column: str, order: tuple[str, ...]
) -> NDArray[np.int64]:
    """(P,) level surely reached, 0 where missing or unknown."""
    if column not in people:
        return np.zeros(len(people), np.int64)
    levels = people[column].map(lambda text: education_level(text, order))
    return levels.fillna(0).to_numpy(np.int64)


def education_level(text: object, order: Sequence[str]) -> int:
    """The level surely reached by a participant: 0 where the text is missing or unknown."""
    return order.index(text) + 1 if isinstance(text, str) and text in order else 0


def required_level(text: object, order: Sequence[str]) -> int:
    """The level a course demands: 0 for none; an unknown demand is above every level."""
    if not isinstance(text, str) or not text:
        return 0
    return order.index(text) + 1 if text in order else len(order) + 1


def _lower_end(text: object) -> float | None:
    found = re.match(r"\s*(?:>=?|≥)?\s*(\d+)", str(text))
    return float(found.group(1)) if found else None
