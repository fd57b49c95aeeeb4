"""Local (WIB) time as whole seconds, and when the generator opens, closes, sells and returns."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.seconds import DAY_S, HOUR_S
from saldopas.training_pipeline.ingest.sample.config import CatalogueConfig, PurchaseConfig

ZONE = "Asia/Jakarta"
MONTH_DAYS = 30
NO_LAST_DAY = -1
WAKING_HOURS = (7, 23)


def day_start_s(day: date) -> int:
    """The first second of `day`, in local seconds since 1970-01-01 00:00 local time."""
    return int(np.datetime64(day, "s").astype(np.int64))


def month_of(at_s: NDArray[np.int64]) -> NDArray[np.int64]:
    """Calendar months since January 1970."""
    return at_s.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)


def timestamps(at_s: NDArray[np.int64]) -> pd.DatetimeIndex:
    """Local seconds as time-zone aware datetimes."""
    return pd.DatetimeIndex(at_s.astype("datetime64[s]")).as_unit("us").tz_localize(ZONE)


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


def first_purchase_s(
    own: PurchaseConfig, announced_s: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """(B,) local seconds, between 7 and 23 o'clock; day 1 is the day of the announcement."""
    n = len(announced_s)
    last = np.array(list(own.first_within))
    shares = np.array(list(own.first_within.values()))
    span = rng.choice(len(last), size=n, p=shares / shares.sum())
    day = rng.integers(np.r_[1, last[:-1] + 1][span], last[span], endpoint=True)
    midnight: NDArray[np.int64] = announced_s // DAY_S * DAY_S + (day - 1) * DAY_S
    earliest: NDArray[np.int64] = np.maximum(midnight + WAKING_HOURS[0] * HOUR_S, announced_s)
    latest = np.maximum(midnight + WAKING_HOURS[1] * HOUR_S, earliest + HOUR_S)
    return earliest + (rng.random(n) * (latest - earliest)).astype(np.int64)


def completed_and_rated_s(
    own: PurchaseConfig,
    bought_s: NDArray[np.int64],
    duration_days: NDArray[np.int64],
    pace: NDArray[np.float64],
    *,
    duration_sigma: float,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """(B,) when a training bought at `bought_s` is finished and rated.

    Lognormal about the course's own duration: over all courses, the spread is `completion_sigma`.
    """
    sigma = np.sqrt(max(0.0, own.completion_sigma**2 - duration_sigma**2))
    days = duration_days * np.exp(sigma * rng.standard_normal(len(bought_s)))
    wait_s = (days + own.rating_delay_days) * pace * DAY_S
    ready_s: NDArray[np.int64] = bought_s + wait_s.astype(np.int64) + 1
    return ready_s


def next_purchase_s(
    own: PurchaseConfig,
    ready_s: NDArray[np.int64],
    lapses_s: NDArray[np.int64],
    pace: NDArray[np.float64],
    *,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """(B,) when people come back; in the last `rush_days` before the money lapses, faster."""
    gap_days = own.gap_median_days * np.exp(own.gap_sigma * rng.standard_normal(len(ready_s)))
    gap_s = gap_days * pace * DAY_S
    calm_s = np.maximum(0, lapses_s - own.rush_days * DAY_S - ready_s)
    rushed_s = calm_s + (gap_s - calm_s) / own.rush_factor
    wait_s = np.where(gap_s <= calm_s, gap_s, rushed_s)
    back_s: NDArray[np.int64] = ready_s + wait_s.astype(np.int64)
    return back_s
