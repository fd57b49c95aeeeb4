"""When titles enter and leave the catalogue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from saldopas.features.seconds import DAY_S
from saldopas.training_pipeline.ingest.sample.assumed_shares import CatalogueConfig
from saldopas.training_pipeline.ingest.sample.moments import day_start_s

MONTH_DAYS = 30
NO_LAST_DAY = -1


def draw_windows(
    own: CatalogueConfig, flagship: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last second on sale, each (n,) int64; `NO_LAST_DAY` where a title stays.

    The n titles are all that were ever on sale. Each month `enter_a_month` of the shelf is new and
    `leave_a_month` leaves it; flagships stay from the first day to the last.
    """
    n, days = len(flagship), (own.closes - own.opens).days
    entered = np.where(flagship, 0, _entry_days(own, n, days, rng))
    with np.errstate(divide="ignore"):
        stay = rng.exponential(np.divide(MONTH_DAYS, own.leave_a_month), n)
    last = entered + np.maximum(MONTH_DAYS, np.minimum(stay, 10 * days).astype(np.int64))
    opens_s = day_start_s(own.opens)
    until_s = np.where(flagship | (last > days), NO_LAST_DAY, opens_s + (last + 1) * DAY_S - 1)
    return opens_s + entered * DAY_S, until_s


def _entry_days(
    own: CatalogueConfig, n: int, days: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Days since the opening; those there from the start have 0."""
    months = np.arange(days / MONTH_DAYS)
    entering = own.enter_a_month * (1 + own.enter_a_month - own.leave_a_month) ** months
    shares = np.concatenate([[1.0], entering])
    month = rng.choice(len(shares), size=n, p=shares / shares.sum()) - 1
    day = (month + rng.random(n)) * MONTH_DAYS
    return np.where(month < 0, 0, np.minimum(day, days - 1)).astype(np.int64)
