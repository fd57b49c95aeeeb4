"""The interval of estimates that rest on few units: by hand, by definition, by what it covers."""

from __future__ import annotations

import numpy as np
import pytest
from saldopas.training_pipeline.evaluating.statistics import (
    Interval,
    bootstrap_interval,
    likelihood_interval,
)
from scipy import optimize, stats


def interval_of_mean(values: np.ndarray, clusters: np.ndarray | None = None) -> Interval:
    """Of the means of `values` (n, m)."""
    mean = values.mean(axis=0)
    units = np.arange(len(values)) if clusters is None else clusters
    return likelihood_interval(mean, values - mean, clusters=units)


def likelihood_bound(values: np.ndarray) -> float:
    """The squared Student quantile."""
    freedom = 2 * len(values) / (stats.kurtosis(values, fisher=False) - 1)
    return float(stats.t(freedom).ppf(0.975) ** 2)


def test_by_hand() -> None:
    # half 0 and half 1: kurtosis 1, so the normal quantile; with weight p on the ones the ratio is
    # -100 log(4 p (1 - p)), and it is 3.8415 where p is a half -+ half of sqrt(1 - exp(-.038415))
    found = interval_of_mean(np.array([[0.0], [1.0]] * 50))
    off = np.sqrt(1 - np.exp(-(1.959963984540054**2) / 100)) / 2
    assert found.low[0] == pytest.approx(0.5 - off)
    assert found.high[0] == pytest.approx(0.5 + off)


def test_the_ends_are_where_the_likelihood_ratio_is_the_bound() -> None:
    """The ratio of a mean by Owen's own dual: the most of sum log(1 + t (x - mean))."""
    values = np.random.default_rng(1).lognormal(0, 1.5, (200, 3)) * np.array([1, -1, 0.01])
    found = interval_of_mean(values)
    for column, x in enumerate(values.T):
        for end in (found.low[column], found.high[column]):
            away = x - end
            steps = (1 / 200 - 1) / away.max(), (1 / 200 - 1) / away.min()
            t = optimize.brentq(lambda t, away=away: (away / (1 + t * away)).sum(), *steps)
            ratio = 2 * np.log1p(t * away).sum()
            assert ratio == pytest.approx(likelihood_bound(x), rel=1e-6)
    above, below = found.high - found.mean, found.mean - found.low
    assert (above > below).tolist() == [True, False, True]  # towards the long tail


def test_many_normal_units_have_the_normal_interval() -> None:
    values = np.random.default_rng(4).normal(3, 2, (20_000, 1))
    found = interval_of_mean(values)
    error = 1.96 * stats.sem(values[:, 0])
    assert found.high[0] - found.mean[0] == pytest.approx(error, rel=0.01)
    assert found.mean[0] - found.low[0] == pytest.approx(error, rel=0.01)


def test_what_is_never_negative_has_no_negative_end() -> None:
    found = interval_of_mean(np.array([[0.0]] * 30 + [[1.0]]))
    assert 0 < found.low[0] < 1 / 31 < found.high[0] < 1


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
    assert ours == pytest.approx((0.02, 0.02), abs=0.015)  # three standard errors about 96 %


def missed(found: Interval, *, truth: float) -> tuple[float, float]:
    """Share of the intervals above and below the truth."""
    return float((found.low > truth).mean()), float((found.high < truth).mean())
