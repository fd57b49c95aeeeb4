"""Sales of each course: decayed weights, exposure, the prior of new courses, season and trend."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.batch import TrainingSet
from saldopas.features.encoding.courses import ALWAYS_FROM_S, CourseTable
from saldopas.features.seconds import DAY_S
from saldopas.features.tables import columns as c
from scipy.sparse import csr_array

LEVEL_COLUMNS = (c.CATEGORY, c.PROVIDER, c.PLATFORM, c.MODE)
N_PRICE_BANDS = 8
AGE_EDGES_DAYS = (14, 60, 180, 365)
YEAR_DAYS = 365
MAX_RELATIVE_RESIDUAL = 1e-10  # of the LSMR solve
MIN_EXPOSURE = 1e-12


def decayed_weights(train: TrainingSet, half_life_days: float | None) -> NDArray[np.float64]:
    """Weigh each purchase by 2^(-age / half life), its age counted from the newest purchase.

    Args:
        train: the purchases.
        half_life_days: None for no decay.

    Returns:
        (E,) float64 with mean 1, so that sums of weights count purchases. Ones where the data has
        no calendar.
    """
    at_s = train.participants.sequence.at_s
    if half_life_days is None or train.dates_are_order_only or len(at_s) == 0:
        return np.ones(len(at_s))
    age_days = (at_s.max() - at_s) / DAY_S
    weights = np.exp2(-age_days / half_life_days)
    return np.asarray(weights / weights.mean())


def exposure(train: TrainingSet, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of all purchases that were made while each course was on sale.

    Args:
        train: the purchases, and the dates of the courses.
        weights: (E,) weight of each purchase.

    Returns:
        (n_items,) float64 in (0, 1]. Ones where the data has no calendar or no course has dates.
    """
    courses, at_s = train.courses, train.participants.sequence.at_s
    if train.dates_are_order_only or len(at_s) == 0:
        return np.ones(train.n_items)
    order = np.argsort(at_s, kind="stable")
    sold = np.concatenate([[0.0], np.cumsum(weights[order])])
    first = np.searchsorted(at_s[order], courses.on_sale_from_s, side="left")
    last = np.searchsorted(at_s[order], courses.on_sale_until_s, side="right")
    share = (sold[np.maximum(first, last)] - sold[first]) / sold[-1]
    own = np.bincount(train.participants.sequence.item_idx, weights, train.n_items) / sold[-1]
    return np.asarray(np.clip(share, np.maximum(own, MIN_EXPOSURE), 1.0))


def course_levels(train: TrainingSet) -> list[NDArray[np.int64]]:
    """Encode the features of each course as levels.

    The features are `LEVEL_COLUMNS`, the price band and the band of days on sale at the cut-off. A
    missing value is a level. A feature with one level is left out.

    Returns:
        One (n_items,) int64 array a feature.
    """
    import pandas as pd  # a service never fits and does not load pandas

    courses = train.courses
    columns = [courses.frame[name] for name in LEVEL_COLUMNS if name in courses.frame]
    columns.append(pd.Series(price_bands(courses.price_rp)))
    if not train.dates_are_order_only:
        columns.append(pd.Series(age_bands(courses, train.as_of_s)))
    found = [pd.factorize(column, use_na_sentinel=False) for column in columns]
    return [codes.astype(np.int64) for codes, levels in found if len(levels) > 1]


def price_bands(price_rp: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n_items,) int64: 0 for a free course, else 1 + the band between quantiles of the prices."""
    paid = price_rp[price_rp > 0]
    if len(paid) == 0:
        return np.zeros(len(price_rp), np.int64)
    edges = np.quantile(paid, np.arange(1, N_PRICE_BANDS) / N_PRICE_BANDS)
    return np.where(price_rp > 0, 1 + np.searchsorted(np.unique(edges), price_rp, "right"), 0)


def age_bands(courses: CourseTable, as_of_s: int) -> NDArray[np.int64]:
    """(n_items,) int64 band of the days on sale; the last band for a course without a date."""
    dated = courses.on_sale_from_s != ALWAYS_FROM_S
    days = (as_of_s - np.where(dated, courses.on_sale_from_s, as_of_s)) / DAY_S
    return np.where(dated, np.searchsorted(AGE_EDGES_DAYS, days, "right"), len(AGE_EDGES_DAYS))


def expected_sales(
    counts: NDArray[np.float64],
    exposures: NDArray[np.float64],
    levels: list[NDArray[np.int64]],
    *,
    level_strength: float,
) -> NDArray[np.float64]:
    """Estimate the purchases of each course at full exposure from its features alone.

    A ridge of the log rate on the one-hot levels, after Poisson rates smoothed by one purchase:

        y_i = log((n_i + 1) / (e_i m + 1)),  m = sum n / sum e,  w_i = e_i m / (e_i m + 1)
        minimise  sum_i w_i (y_i - mean - sum_f b_f[level])^2 + level_strength * sum b^2
        lambda_i ~ exp(sum_f b_f[level]),  scaled so that sum e_i lambda_i = sum n_i.

    On the log scale one bestseller does not decide the effect of its category. A course with little
    exposure has little weight. The effect of a level with few courses is shrunk to none.

    Args:
        counts: (n_items,) purchases n, at least one in all.
        exposures: (n_items,) e, in (0, 1].
        levels: one (n_items,) array a feature.
        level_strength: ridge penalty above 0, in courses.

    Returns:
        (n_items,) float64 lambda.

    Source:
        Hoerl & Kennard 1970; solved by LSMR (Fong & Saunders 2011), as levels may be many.
    """
    from scipy.sparse.linalg import lsmr  # a worker never fits: 3 MB less

    mean = counts.sum() / exposures.sum()
    if not levels:
        return np.full(len(counts), mean)
    usual = exposures * mean
    log_rate = np.log((counts + 1) / (usual + 1))
    weights = usual / (usual + 1)
    centred = log_rate - weights @ log_rate / weights.sum()
    one_hot = _one_hot(levels)
    root = np.sqrt(weights)
    effects = lsmr(
        csr_array(one_hot * root[:, None]),
        root * centred,
        damp=level_strength**0.5,
        atol=MAX_RELATIVE_RESIDUAL,
        btol=MAX_RELATIVE_RESIDUAL,
    )[0]
    expected = np.exp(one_hot @ effects)
    return np.asarray(expected * (counts.sum() / (exposures @ expected)))


def season_factor(
    train: TrainingSet, *, window_days: float, power: float, strength: float
) -> NDArray[np.float64]:
    """Sales in the window that followed this day a year ago, relative to an average window.

    With w_i purchases in the window and v_i the purchases that the last year of the course gives a
    window of that volume, a category has f = (sum w + a) / (sum v + a), a = `strength`. A course
    has ((w_i + a f) / (v_i + a))^power.

    Args:
        train: the purchases, and the dates and categories of the courses.
        window_days: length of the window.
        power: 0 switches the factor off.
        strength: prior purchases above 0 that shrink a factor to 1.

    Returns:
        (n_items,) float64. Ones where the data begins less than a year before the cut-off, or has
        no calendar.
    """
    sequence = train.participants.sequence
    start = train.as_of_s - YEAR_DAYS * DAY_S
    at_s = sequence.at_s
    if power == 0 or train.dates_are_order_only or at_s.min(initial=train.as_of_s) > start:
        return np.ones(train.n_items)
    year = (at_s >= start).astype(float)
    window = year * (at_s < start + window_days * DAY_S)
    if not window.any():
        return np.ones(train.n_items)
    sold = np.bincount(sequence.item_idx, window, train.n_items)
    in_year = np.bincount(sequence.item_idx, year, train.n_items)
    volume = window.sum() / year.sum()
    usual = in_year * volume * exposure(train, window) / exposure(train, year)
    category = _categories(train)
    of_category = np.bincount(category, sold) + strength
    of_category /= np.bincount(category, usual) + strength
    factor = (sold + strength * of_category[category]) / (usual + strength)
    return np.asarray(np.power(factor, power))


def trend_factor(
    train: TrainingSet, *, half_life_days: float, power: float, strength: float
) -> NDArray[np.float64]:
    """Recent sales of each course relative to all its sales: (recent / all)^power.

    Args:
        train: the purchases.
        half_life_days: decay of the recent counts, which are scaled to the total of all.
        power: 0 switches the factor off.
        strength: prior purchases of the recent, effective size that are added to both counts.

    Returns:
        (n_items,) float64. Ones where the data has no calendar.
    """
    if power == 0 or train.dates_are_order_only:
        return np.ones(train.n_items)
    items = train.participants.sequence.item_idx
    weights = decayed_weights(train, half_life_days)
    counts = np.bincount(items, minlength=train.n_items)
    recent = np.bincount(items, weights=weights, minlength=train.n_items)
    prior = strength * float(weights.max(initial=1.0))  # the weight of one recent purchase
    return np.asarray(np.power((recent + prior) / (counts + prior), power))


def _one_hot(levels: list[NDArray[np.int64]]) -> csr_array:
    """(n_items, levels of all features) float64."""
    n_items, n_features = len(levels[0]), len(levels)
    ends = np.cumsum([0, *(int(level.max()) + 1 for level in levels)])
    columns = np.stack(levels, axis=1) + ends[:-1]
    indptr = np.arange(n_items + 1) * n_features
    ones = np.ones(n_items * n_features)
    return csr_array((ones, columns.ravel(), indptr), shape=(n_items, int(ends[-1])))


def _categories(train: TrainingSet) -> NDArray[np.int64]:
    """(n_items,) code of each course's category; one code where the data has none."""
    import pandas as pd  # a service never fits and does not load pandas

    frame = train.courses.frame
    if c.CATEGORY not in frame:
        return np.zeros(train.n_items, np.int64)
    return pd.factorize(frame[c.CATEGORY], use_na_sentinel=False)[0].astype(np.int64)
