"""What sold better than usual in these weeks a year ago."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.training_set import TrainingSet
from saldopas.features.seconds import DAY_S
from saldopas.features.tables import columns as c
from saldopas.models.recommenders.course_prior import exposure

YEAR_DAYS = 365


def season_factor(
    train: TrainingSet, *, window_days: float, power: float, strength: float
) -> NDArray[np.float64]:
    """(n_items,) sales in the window after this day a year ago, over those of an average window.

    With w_i purchases in the window and v_i those that the course's whole last year would give a
    window of that volume (in which it was on sale), a category has f = (sum w + a) / (sum v + a),
    a = `strength`, and a course (w_i + a f) / (v_i + a), to the power of `power`. Ones where the
    data begins less than a year before the cut-off, or has no calendar.

    Args:
        train: purchases and the courses' dates and categories.
        window_days: length of the window.
        power: 0 switches it off, 1 takes the factor as it is.
        strength: how many purchases hold a factor at 1, above 0.
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


def _categories(train: TrainingSet) -> NDArray[np.int64]:
    """(n_items,) code of each course's category; one for all where there is none."""
    import pandas as pd  # not in a service, which never fits

    frame = train.courses.frame
    if c.CATEGORY not in frame:
        return np.zeros(train.n_items, np.int64)
    return pd.factorize(frame[c.CATEGORY], use_na_sentinel=False)[0].astype(np.int64)
