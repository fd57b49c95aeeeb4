"""When people buy: the first purchase, the end of a training, and the way to the next one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from saldopas.features.seconds import DAY_S, HOUR_S
from saldopas.training_pipeline.ingest.sample.assumed_shares import PurchaseConfig

WAKING_HOURS = (7, 23)


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
