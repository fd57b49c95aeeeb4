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
        deviation: (U,) change of the figure by each participant's lists.
        unseen: variance of what no participant's lists show.
    """

    value: float
    deviation: Floats
    unseen: float = 0.0

    @property
    def standard_error(self) -> float:
        """Of the figure, over participants."""
        n_units = len(self.deviation)
        if n_units < 2:
            return float("nan")
        centred = self.deviation - self.deviation.mean()
        return float(np.sqrt((centred**2).sum() * n_units / (n_units - 1) + self.unseen))

    def interval(self, level: float) -> tuple[float, float]:
        """Student's t around the figure."""
        margin = self.standard_error * stdtrit(len(self.deviation) - 1, (1 + level) / 2)
        return self.value - float(margin), self.value + float(margin)

    def minus(self, other: ExposureValue) -> ExposureValue:
        """The difference of two figures on the same participants, certain where both are alike."""
        value, deviation = self.value - other.value, self.deviation - other.deviation
        alike = value == 0 and not deviation.any()
        return ExposureValue(value, deviation, 0.0 if alike else self.unseen + other.unseen)

    def p_value(self) -> float:
        """Two-sided, null: the figure is 0."""
        error = self.standard_error
        if error <= 1e-12 * abs(self.value):
            return 1.0 if self.value == 0 else 0.0
        return float(2 * stdtr(len(self.deviation) - 1, -abs(self.value) / error))


def exposure_of(
    items: NDArray[np.int64],
    people: NDArray[np.int64],
    *,
    n_items: int,
    depth: int,
    possible: NDArray[np.int64],
) -> dict[str, ExposureValue]:
    """`coverage` and `gini` of the first `depth` places.

    coverage: share of the catalogue that stands in somebody's list. Resampling with replacement
    would understate it, because a resample holds fewer distinct participants. What a participant
    adds is the courses that stand in nobody else's (jackknife, Burnham & Overton 1978). Their
    squares err on the wide side (Efron & Stein 1981): where f_1 courses are shown by one
    participant and f_2 by two, they sum to f_1, and the variance is the number of new courses that
    as many participants again would show, f_1 (1 - e^-x) / x with x = 2 f_2 / f_1 (Chao's estimate
    of what is unseen, extrapolated as by Colwell et al. 2012). So deviations are shrunk by it, as
    if one course more had been shown once: where f_1 is 0 nothing would seem uncertain.

    gini = sum_i (2 r_i - n - 1) x_i / (n sum_i x_i), x_i how often course i stands in a list and
    r_i its rank from the least shown of n courses (Gini 1912; of recommendations: Fleder &
    Hosanagar 2009): 0 all the same, (n - 1) / n one course for everybody. The index knows nothing
    of places that a list leaves empty, so that a policy which answers few could look even; here a
    place that could have been filled counts for the most shown course, the worst it could hold.
    Nothing shown is (n - 1) / n. What a participant adds is the derivative along their lists.

    Args:
        items: (B, depth or more) item index by rank, -1 past the end.
        people: (B,) participant of each decision.
        n_items: size of the catalogue, n.
        depth: how many places count.
        possible: (B,) how many courses each list could have held.
    """
    labels, place = np.unique(people, return_inverse=True)
    rows, ranks = np.nonzero(items[:, :depth] >= 0)
    shown, unit = items[rows, ranks], place[rows]
    counts = np.bincount(shown, minlength=n_items).astype(np.float64)
    listed = np.bincount(rows, minlength=len(items))
    empty = np.maximum(np.minimum(possible, depth) - listed, 0)
    empty_by_unit = np.bincount(place, empty, len(labels)).astype(np.float64)
    return {
        "coverage": _coverage(shown, unit, counts, len(labels)),
        "gini": _gini(shown, unit, counts, empty_by_unit),
    }


def _coverage(
    shown: NDArray[np.int64], unit: NDArray[np.int64], counts: Floats, n_units: int
) -> ExposureValue:
    n_items = len(counts)
    first, second = np.full(n_items, -1), np.full(n_items, -1)
    first[shown] = unit  # of the participants who are shown a course, any one
    others = unit != first[shown]
    second[shown[others]] = unit[others]
    thirds = others & (unit != second[shown])
    alone = (counts > 0) & (second < 0)
    twice = int((second >= 0).sum()) - len(np.unique(shown[thirds]))
    again = 2 * twice / (int(alone.sum()) + 1)
    new = -np.expm1(-again) / again if again > 0 else 1.0
    own = np.bincount(first[alone], minlength=n_units) / n_items
    return ExposureValue(float((counts > 0).mean()), np.sqrt(new) * own, new / n_items**2)


def _gini(
    shown: NDArray[np.int64], unit: NDArray[np.int64], counts: Floats, empty: Floats
) -> ExposureValue:
    n_items, most = len(counts), int(counts.argmax())
    if counts.sum() == 0:
        return ExposureValue(1 - 1 / n_items, np.zeros(len(empty)))
    held = counts.copy()
    held[most] += empty.sum()
    slope = 2.0 * _mean_ranks(held) - n_items - 1
    total = held.sum()
    value = float(slope @ held / (n_items * total))
    change = slope / (n_items * total) - value / total
    change_by_unit = np.bincount(unit, weights=change[shown], minlength=len(empty))
    return ExposureValue(value, change_by_unit + change[most] * empty)


def _mean_ranks(counts: Floats) -> Floats:
    """(n,) ranks from 1, ties sharing their mean."""
    _, place, size = np.unique(counts, return_inverse=True, return_counts=True)
    last = np.cumsum(size)
    return np.asarray((last - (size - 1) / 2)[place])
