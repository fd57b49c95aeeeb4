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
There the interval is that of empirical likelihood (`likelihood_interval`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from saldopas.features.tables.dataset_config import Frozen
from scipy.optimize import brentq
from scipy.special import stdtr, stdtrit

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
        quantiles = detectable_errors(self.n_units, power=power, alpha=alpha)
        return np.asarray(quantiles * self.standard_error)


def detectable_errors(n_units: int, *, power: float, alpha: float) -> float:
    """How many standard errors a difference must have; see `PairedDifference.detectable`."""
    freedom = n_units - 1
    return float(stdtrit(freedom, 1 - alpha / 2) + stdtrit(freedom, power))


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


def likelihood_interval(
    value: Floats, influence: Floats, *, clusters: NDArray[np.int64], level: float = 0.95
) -> Interval:
    """Interval of estimates that rest on few units, by empirical likelihood (Owen 1988, 1990).

    It holds every mean that weights p of the units can give while the likelihood ratio

        -2 sum log(units p_i),    p_i = (1 / (eta - d_i)) / sum_j 1 / (eta - d_j)

    stays within the bound; eta > max d traces the means above, and the same on -d those below.
    It follows the skewness of the data, and the mean of what is not negative has no negative end.

    The bound is q^2 with Student's q and not the normal one: where few units carry the sum, its
    spread is known from few. Degrees of freedom are those that match the variance of the squared
    standard error, 2 units / (kurtosis - 1) (Satterthwaite 1946): about the number of normal
    units, and at least 2.

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
    low, high = np.array(value, np.float64), np.array(value, np.float64)
    for column, units in enumerate(sums.T):
        spread = float(units.std())
        if spread > 0:
            standard = (units - units.mean()) / spread
            beyond = float((standard**4).mean()) - 1
            q = stdtrit(2 * len(units) / beyond if beyond > 0 else np.inf, (1 + level) / 2)
            scale = spread * len(units) / sizes.sum()
            low[column] -= scale * _likelihood_end(-standard, bound=q**2)
            high[column] += scale * _likelihood_end(standard, bound=q**2)
    return Interval(value, low, high)


def holm(p_values: Floats) -> Floats:
    """(m,) p-values adjusted for m comparisons, family-wise error kept (Holm 1979)."""
    n_tests = len(p_values)
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate(p_values[order] * (n_tests - np.arange(n_tests)))
    adjusted = np.empty(n_tests)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def _likelihood_end(standard: Floats, *, bound: float) -> float:
    """Largest mean of standardised units within the bound; see `likelihood_interval`."""
    below, count = standard.max() - standard, len(standard)

    def beyond(log_gap: float) -> float:
        gaps = below + np.exp(log_gap)
        ratio = 2 * (np.log(gaps).sum() + count * np.log((1 / gaps).mean()))
        return float(np.log(max(ratio, 1e-12) / bound))  # nearly linear in the logarithm

    gap = np.exp(brentq(beyond, -50.0, np.log(100 * np.sqrt(count)), xtol=1e-10))
    return float(standard.max() + gap - 1 / (1 / (below + gap)).mean())


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


class EvaluationConfig(Frozen):
    """Settings of `saldopas evaluate` and `saldopas compare`."""

    seed: int = 7  # of the bootstrap
    resamples: int = Field(default=1_000, ge=100)
    level: float = Field(default=0.95, gt=0.5, lt=1)  # of the intervals
    alpha: float = Field(default=0.05, gt=0, lt=0.5)  # error of a whole family of tests
    power: float = Field(default=0.8, gt=0.5, lt=1)  # of the smallest detectable difference
    min_people: int = Field(default=100, ge=2)  # a segment of fewer participants is not shown
