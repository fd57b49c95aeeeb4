"""How sure a measured mean or difference is: bootstrap intervals, paired tests, detectable size.

Decisions of one participant resemble each other, so every function takes `clusters` and treats a
participant as the unit that is drawn; without it each decision is its own unit.

The p-value of a paired difference is Student's t on the units (with clusters: on cluster sums,
Liang & Zeger 1986). Smucker et al. (CIKM 2007) find that the t, bootstrap and randomization tests
agree on retrieval metrics while sign and Wilcoxon tests do not; Urbano et al. (SIGIR 2019) find
that t keeps its nominal error best and that the bootstrap of the centred difference rejects too
often on few topics. So intervals are bootstrap percentiles (Efron 1979), which need no symmetry,
and the p-value is t. A t also gives p-values below 1 / resamples, which Holm's correction needs.

Metrics of a list lie within [0, 1]. Importance weights do not: a few units carry much of the sum,
the estimate and its standard error go up and down together, and percentiles cover too seldom.
There the interval is that of Hall's transformed t (`skewed_interval`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr, stdtrit

DRAWS_A_BLOCK = 4_000_000

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """Means of m metrics and the interval of each, all (m,) float64."""

    mean: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class PairedDifference:
    """Mean of ours minus theirs for m metrics.

    Attributes:
        mean, low, high: (m,) the difference and its bootstrap percentile interval.
        p_value: (m,) two-sided, null: the mean difference is 0.
        standard_error: (m,) of the mean difference.
        n_units: how many participants (or decisions) it rests on.
    """

    mean: Floats
    low: Floats
    high: Floats
    p_value: Floats
    standard_error: Floats
    n_units: int

    def detectable(self, *, power: float = 0.8, alpha: float = 0.05) -> Floats:
        """(m,) smallest true difference that a two-sided test at `alpha` finds with `power`.

        (t_{1-alpha/2} + t_{power}) * standard error, the usual size of a paired design
        (Cohen 1988; Bloom 1995). Smaller differences than this are not evidence of equality.
        """
        freedom = self.n_units - 1
        quantiles = stdtrit(freedom, 1 - alpha / 2) + stdtrit(freedom, power)
        return np.asarray(quantiles * self.standard_error)


def bootstrap_means(
    values: Floats,
    *,
    seed: int,
    clusters: NDArray[np.int64] | None = None,
    resamples: int = 1000,
) -> Floats:
    """(resamples, m) means over units drawn with replacement.

    One resample is a vector of how often each unit was drawn (multinomial), so a block of
    resamples of all metrics is one matrix product; memory is bounded by the block.

    Args:
        values: (n, m) finite, a row a decision and a column a metric.
        seed: of the draws.
        clusters: (n,) any integer a participant; None: each row is a unit.
        resamples: how many.

    Raises:
        ValueError: `values` is not (n, m), not finite, or holds fewer than two units.
    """
    sums, sizes = _units(values, clusters)
    n_units = len(sizes)
    totals = np.column_stack([sums, sizes])
    rng = np.random.default_rng(seed)
    size = max(1, DRAWS_A_BLOCK // n_units)
    means = np.empty((resamples, sums.shape[1]))
    for start in range(0, resamples, size):
        rows = min(size, resamples - start)
        drawn = rng.integers(n_units, size=(rows, n_units), dtype=np.int32).astype(np.int64)
        drawn += np.arange(rows)[:, None] * n_units
        counts = np.bincount(drawn.ravel(), minlength=rows * n_units).reshape(rows, n_units)
        found = counts.astype(np.float64) @ totals
        means[start : start + rows] = found[:, :-1] / found[:, -1:]
    return means


def bootstrap_interval(
    values: Floats,
    *,
    seed: int,
    clusters: NDArray[np.int64] | None = None,
    level: float = 0.95,
    resamples: int = 1000,
) -> Interval:
    """Means of the columns of `values` (n, m) with percentile intervals; see `bootstrap_means`."""
    drawn = bootstrap_means(values, seed=seed, clusters=clusters, resamples=resamples)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return Interval(values.mean(axis=0), low, high)


def paired_difference(
    ours: Floats,
    theirs: Floats,
    *,
    seed: int,
    clusters: NDArray[np.int64] | None = None,
    level: float = 0.95,
    resamples: int = 1000,
) -> PairedDifference:
    """Ours minus theirs on the same decisions, (n, m) each; see `bootstrap_means` for the rest.

    Raises:
        ValueError: the shapes differ, or what `bootstrap_means` raises.
    """
    if ours.shape != theirs.shape:
        raise ValueError(f"paired values differ in shape: {ours.shape} and {theirs.shape}")
    values = ours - theirs
    interval = bootstrap_interval(
        values, seed=seed, clusters=clusters, level=level, resamples=resamples
    )
    sums, sizes = _units(values, clusters)
    n_units = len(sizes)
    residuals = sums - sizes[:, None] * interval.mean
    error = np.sqrt((residuals**2).sum(axis=0) * n_units / (n_units - 1)) / sizes.sum()
    return PairedDifference(
        mean=interval.mean,
        low=interval.low,
        high=interval.high,
        p_value=_p_values(interval.mean, error, n_units),
        standard_error=error,
        n_units=n_units,
    )


def skewed_interval(
    value: Floats, influence: Floats, *, clusters: NDArray[np.int64], level: float = 0.95
) -> Interval:
    """Interval of estimates whose units are skewed, by Hall's transformed t (Hall 1992, JRSS B 54).

    With T = (value - truth) / standard error and lambda = skewness of the units / sqrt(units),

        g(T) = T + lambda T^2 / 3 + lambda^2 T^3 / 27 + lambda / 6

    is normal up to an error of order 1 / units, where T itself is only up to 1 / sqrt(units). g is
    monotone, and the interval is value - standard error * g^-1(z) with

        g^-1(z) = 3 / lambda * (cbrt(1 + lambda (z - lambda / 6)) - 1).

    Args:
        value: (m,) the estimates.
        influence: (n, m) by how much each row moves the estimate, times n, mean 0: for a mean the
            row minus the mean, for another smooth function of means its linear part.
        clusters: (n,) the unit of each row; influences of one unit are summed.
        level: of the intervals.

    Raises:
        ValueError: what `bootstrap_means` raises.
    """
    sums, sizes = _units(influence, clusters)
    n_units = len(sizes)
    spread = sums.std(axis=0, ddof=1)
    error = spread * np.sqrt(n_units) / sizes.sum()
    cubes = ((sums - sums.mean(axis=0)) ** 3).mean(axis=0)
    skew = np.divide(cubes, sums.std(axis=0) ** 3, out=np.zeros_like(cubes), where=spread > 0)
    low, high = (
        value - error * _from_normal(ndtri((1 + sign * level) / 2), skew / np.sqrt(n_units))
        for sign in (1, -1)
    )
    return Interval(value, low, high)


def holm(p_values: Floats) -> Floats:
    """(m,) p-values adjusted for m comparisons, family-wise error kept (Holm 1979)."""
    n_tests = len(p_values)
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate(p_values[order] * (n_tests - np.arange(n_tests)))
    adjusted = np.empty(n_tests)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def _from_normal(z: float, lam: Floats) -> Floats:
    """(m,) g^-1(z) of `skewed_interval`; z where nothing is skewed."""
    moved = np.cbrt(1 + lam * (z - lam / 6)) - 1
    found = np.divide(3 * moved, lam, out=np.full_like(lam, z), where=np.abs(lam) > 1e-9)
    return np.asarray(found)


def _p_values(mean: Floats, error: Floats, n_units: int) -> Floats:
    """Two-sided t; where all units differ by the same amount, t is infinite whatever the number of
    units, and the p-value of the sign-flip test, 2^(1 - units), stands instead.
    """
    constant = error <= 1e-12 * np.abs(mean)
    t = np.divide(mean, error, out=np.zeros_like(mean), where=~constant)
    flipped = np.where(mean == 0, 1.0, 2.0 ** (1 - n_units))
    return np.where(constant, flipped, 2 * stdtr(n_units - 1, -np.abs(t)))


def _units(values: Floats, clusters: NDArray[np.int64] | None) -> tuple[Floats, Floats]:
    """(units, m) sums and (units,) sizes."""
    if values.ndim != 2:
        raise ValueError(f"values have shape {values.shape}: give a row a decision, (n, m)")
    if not np.isfinite(values).all():
        raise ValueError("values are not all finite: leave decisions without a value out")
    if clusters is None:
        sums, sizes = values, np.ones(len(values))
    else:
        if len(clusters) != len(values):
            raise ValueError(f"{len(clusters)} clusters for {len(values)} rows: give one a row")
        labels, place = np.unique(clusters, return_inverse=True)
        columns = [np.bincount(place, column, len(labels)) for column in values.T]
        sums = np.stack(columns, axis=1) if columns else np.empty((len(labels), 0))
        sizes = np.bincount(place, minlength=len(labels)).astype(np.float64)
    if len(sizes) < 2:
        raise ValueError(f"{len(sizes)} unit: no spread is known of fewer than two")
    return sums, sizes
