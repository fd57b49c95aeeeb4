"""How a policy's lists together use the catalogue: coverage and Gini, each with an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ExposureValue:
    """A figure of all lists together, and what each participant adds to its uncertainty.

    Attributes:
        value: the figure.
        deviation: (U,) first-order change of the figure by each participant's lists.
    """

    value: float
    deviation: Floats

    @property
    def standard_error(self) -> float:
        """Of the figure, over participants."""
        n_units = len(self.deviation)
        if n_units < 2:
            return float("nan")
        centred = self.deviation - self.deviation.mean()
        return float(np.sqrt((centred**2).sum() * n_units / (n_units - 1)))

    def interval(self, level: float) -> tuple[float, float]:
        """Student's t around the figure."""
        margin = self.standard_error * stdtrit(len(self.deviation) - 1, (1 + level) / 2)
        return self.value - float(margin), self.value + float(margin)

    def minus(self, other: ExposureValue) -> ExposureValue:
        """The difference of two figures on the same participants."""
        return ExposureValue(self.value - other.value, self.deviation - other.deviation)

    def p_value(self) -> float:
        """Two-sided, null: the figure is 0."""
        error = self.standard_error
        if error <= 1e-12 * abs(self.value):
            return 1.0 if self.value == 0 else 0.0
        return float(2 * stdtr(len(self.deviation) - 1, -abs(self.value) / error))


def exposure_of(
    items: NDArray[np.int64], people: NDArray[np.int64], *, n_items: int, depth: int
) -> dict[str, ExposureValue]:
    """`coverage` and `gini` of the first `depth` places.

    coverage: share of the catalogue that stands in somebody's list; what a participant adds is the
    courses that stand in nobody else's (jackknife, Burnham & Overton 1978), which errs on the wide
    side (Efron & Stein 1981). Resampling with replacement would understate coverage itself, because
    a resample holds fewer distinct participants.

    gini = sum_i (2 r_i - n - 1) x_i / (n sum_i x_i), x_i how often course i stands in a list and
    r_i its rank from the least shown of n courses (Gini 1912): 0 all the same, near 1 few courses
    for everybody. What a participant adds is the derivative along their lists.

    Args:
        items: (B, depth or more) item index by rank, -1 past the end.
        people: (B,) participant of each decision.
        n_items: size of the catalogue, n.
        depth: how many places count.
    """
    labels, place = np.unique(people, return_inverse=True)
    rows, ranks = np.nonzero(items[:, :depth] >= 0)
    shown, unit = items[rows, ranks], place[rows]
    counts = np.bincount(shown, minlength=n_items).astype(np.float64)
    return {
        "coverage": _coverage(shown, unit, counts, len(labels)),
        "gini": _gini(shown, unit, counts, len(labels)),
    }


def _coverage(
    shown: NDArray[np.int64], unit: NDArray[np.int64], counts: Floats, n_units: int
) -> ExposureValue:
    some_unit = np.full(len(counts), -1)
    some_unit[shown] = unit  # of a course that several show, any one of them
    others = np.bincount(shown, weights=unit != some_unit[shown], minlength=len(counts))
    alone = (counts > 0) & (others == 0)
    own = np.bincount(some_unit[alone], minlength=n_units) / len(counts)
    return ExposureValue(float((counts > 0).mean()), own)


def _gini(
    shown: NDArray[np.int64], unit: NDArray[np.int64], counts: Floats, n_units: int
) -> ExposureValue:
    total = counts.sum()
    if total == 0:
        return ExposureValue(0.0, np.zeros(n_units))
    n_items = len(counts)
    slope = 2.0 * _mean_ranks(counts) - n_items - 1
    value = float(slope @ counts / (n_items * total))
    change = slope / (n_items * total) - value / total
    change_by_unit = np.bincount(unit, weights=change[shown], minlength=n_units)
    return ExposureValue(value, change_by_unit.astype(np.float64))


def _mean_ranks(counts: Floats) -> Floats:
    """(n,) ranks from 1, ties sharing their mean."""
    _, place, size = np.unique(counts, return_inverse=True, return_counts=True)
    last = np.cumsum(size)
    return np.asarray((last - (size - 1) / 2)[place])
