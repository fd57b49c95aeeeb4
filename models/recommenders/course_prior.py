"""What a course is expected to sell before anybody bought it, by what is known of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.courses import ALWAYS_FROM_S, CourseTable
from saldopas.features.encoding.training_set import TrainingSet
from saldopas.features.seconds import DAY_S
from saldopas.features.tables import columns as c
from scipy.sparse import csr_array
from scipy.sparse.linalg import lsmr

WORDS = (c.CATEGORY, c.PROVIDER, c.PLATFORM, c.MODE)
PRICE_BANDS = 8
AGE_EDGES_DAYS = (14, 60, 180, 365)
CLOSE = 1e-10  # relative residual at which the solve ends
TINY = 1e-12


def exposure(train: TrainingSet, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n_items,) share of all purchases that were made while the course was on sale, in (0, 1].

    Days on sale, each weighed by how much was bought on it. Ones where there is no calendar or no
    course has dates.

    Args:
        train: purchases and the courses' dates.
        weights: (E,) weight of each purchase.
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
    return np.asarray(np.clip(share, np.maximum(own, TINY), 1.0))


def course_levels(train: TrainingSet) -> list[NDArray[np.int64]]:
    """One (n_items,) array a feature: the level of each course, missing being a level of its own.

    The features are `WORDS`, the price band (quantiles, free courses apart) and the band of days on
    sale at the cut-off. A feature with one level says nothing and is left out.
    """
    import pandas as pd  # not in a service, which never fits

    courses = train.courses
    columns = [courses.frame[name] for name in WORDS if name in courses.frame]
    columns.append(pd.Series(price_bands(courses.price_rp)))
    if not train.dates_are_order_only:
        columns.append(pd.Series(age_bands(courses, train.as_of_s)))
    found = [pd.factorize(column, use_na_sentinel=False) for column in columns]
    return [codes.astype(np.int64) for codes, levels in found if len(levels) > 1]


def price_bands(price_rp: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n_items,) 0 for free, else 1 + the band between quantiles of the prices above 0."""
    paid = price_rp[price_rp > 0]
    if len(paid) == 0:
        return np.zeros(len(price_rp), np.int64)
    edges = np.quantile(paid, np.arange(1, PRICE_BANDS) / PRICE_BANDS)
    return np.where(price_rp > 0, 1 + np.searchsorted(np.unique(edges), price_rp, "right"), 0)


def age_bands(courses: CourseTable, as_of_s: int) -> NDArray[np.int64]:
    """(n_items,) band of the days since a course came on sale; without a date it is the oldest."""
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
    """(n_items,) purchases expected at full exposure, by the courses' features alone.

    A ridge of the log rate on the one-hot levels, after Poisson rates smoothed by one purchase:

        y_i = log((n_i + 1) / (e_i m + 1)),  m = sum n / sum e,  w_i = e_i m / (e_i m + 1)
        minimise  sum_i w_i (y_i - mean - sum_f b_f[level])^2 + level_strength * sum b^2
        lambda_i ~ exp(sum_f b_f[level]),  scaled so that sum e_i lambda_i = sum n_i.

    On the log scale a bestseller does not make its category; a course that could hardly be bought
    yet weighs nearly nothing; and a level of few courses stays near no effect. Without structure
    expectations still differ by what noise leaves of it, less the more courses a level has. (Hoerl
    & Kennard 1970; solved by LSMR, Fong & Saunders 2011, since levels may be as many as courses.)

    Args:
        counts: (n_items,) purchases n, at least one in all.
        exposures: (n_items,) e, in (0, 1].
        levels: one (n_items,) array a feature.
        level_strength: how many courses hold the effect of a level at none, above 0.
    """
    mean = counts.sum() / exposures.sum()
    if not levels:
        return np.full(len(counts), mean)
    usual = exposures * mean
    log_rate = np.log((counts + 1) / (usual + 1))
    weights = usual / (usual + 1)
    centred = log_rate - weights @ log_rate / weights.sum()
    one_hot = _one_hot(levels)
    root = np.sqrt(weights)
    weighted = csr_array(one_hot * root[:, None])
    effects = lsmr(weighted, root * centred, damp=level_strength**0.5, atol=CLOSE, btol=CLOSE)[0]
    expected = np.exp(one_hot @ effects)
    return np.asarray(expected * (counts.sum() / (exposures @ expected)))


def _one_hot(levels: list[NDArray[np.int64]]) -> csr_array:
    """(n_items, levels of all features) float64."""
    n_items, n_features = len(levels[0]), len(levels)
    ends = np.cumsum([0, *(int(level.max()) + 1 for level in levels)])
    columns = np.stack(levels, axis=1) + ends[:-1]
    indptr = np.arange(n_items + 1) * n_features
    ones = np.ones(n_items * n_features)
    return csr_array((ones, columns.ravel(), indptr), shape=(n_items, int(ends[-1])))
