"""The interval of skewed estimates by hand, by its defining equation and by what it covers."""

from __future__ import annotations

import numpy as np
import pytest

from training_pipeline.statistics import Interval, bootstrap_interval, skewed_interval

Z = 1.959963984540054


def interval_of_mean(values: np.ndarray, clusters: np.ndarray | None = None) -> Interval:
    """Of the means of `values` (n, m)."""
    mean = values.mean(axis=0)
    units = np.arange(len(values)) if clusters is None else clusters
    return skewed_interval(mean, values - mean, clusters=units)


def test_by_hand() -> None:
    # 0 0 0 4: mean 1, standard error 1, skewness 6 / 3^1.5 = 1.1547, lambda 0.57735
    found = interval_of_mean(np.array([[0.0], [0.0], [0.0], [4.0]]))
    lam = 1 / 3**0.5
    top = 3 / lam * (np.cbrt(1 + lam * (Z - lam / 6)) - 1)
    bottom = 3 / lam * (np.cbrt(1 + lam * (-Z - lam / 6)) - 1)
    assert found.mean.tolist() == [1.0]
    assert found.low[0] == pytest.approx(1 - top)
    assert found.high[0] == pytest.approx(1 - bottom)


def test_the_ends_are_where_the_transformed_t_is_the_normal_quantile() -> None:
    values = np.random.default_rng(1).lognormal(0, 1.5, (200, 3)) * np.array([1, -1, 0.01])
    found = interval_of_mean(values)
    error = values.std(axis=0, ddof=1) / np.sqrt(200)
    lam = ((values - found.mean) ** 3).mean(axis=0) / values.std(axis=0) ** 3 / np.sqrt(200)
    for end, z in ((found.low, Z), (found.high, -Z)):
        t = (found.mean - end) / error
        assert t + lam * t**2 / 3 + lam**2 * t**3 / 27 + lam / 6 == pytest.approx(np.full(3, z))
    above, below = found.high - found.mean, found.mean - found.low
    assert (above > below).tolist() == [True, False, True]  # towards the long tail


def test_what_is_not_skewed_has_the_normal_interval() -> None:
    found = interval_of_mean(np.array([[-1.0], [1.0]] * 50))
    error = np.sqrt(100 / 99) / 10
    assert (found.low[0], found.high[0]) == pytest.approx((-Z * error, Z * error))


def test_what_does_not_vary_is_its_own_interval() -> None:
    found = interval_of_mean(np.full((10, 2), 0.5))
    assert found.low.tolist() == found.high.tolist() == [0.5, 0.5]


def test_rows_of_one_unit_are_one_piece_of_evidence() -> None:
    values = np.random.default_rng(2).exponential(1, (40, 1))
    once = interval_of_mean(values)
    twice = interval_of_mean(np.tile(values, (2, 1)), np.tile(np.arange(40), 2))
    assert twice.low == pytest.approx(once.low)
    assert twice.high == pytest.approx(once.high)


def test_it_covers_what_rests_on_few_where_percentiles_do_not() -> None:
    """1,000 samples at once, a sample a column: 20 of 400 units count, some much; 95 % wanted."""
    rng = np.random.default_rng(3)
    shape = (400, 1_000)
    values = (rng.random(shape) < 0.05) * rng.exponential(1, shape)
    percentiles = missed(bootstrap_interval(values, seed=0), truth=0.05)
    ours = missed(interval_of_mean(values), truth=0.05)
    assert percentiles[1] > 0.05  # too low an estimate has too narrow an interval
    assert ours == pytest.approx((0.025, 0.025), abs=0.015)  # three standard errors


def missed(found: Interval, *, truth: float) -> tuple[float, float]:
    """Share of the intervals above and below the truth."""
    return float((found.low > truth).mean()), float((found.high < truth).mean())
