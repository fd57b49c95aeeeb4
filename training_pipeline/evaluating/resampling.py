"""Bootstrap intervals of many means at once, also of means over some of the decisions only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from saldopas.training_pipeline.evaluating.config import EvaluationConfig
from saldopas.training_pipeline.evaluating.statistics import bootstrap_means

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class MeanInterval:
    """A mean over `cases` decisions of `people` participants.

    `low` and `high` are None where fewer than two participants are there, all None where nobody is.
    """

    mean: float | None
    low: float | None
    high: float | None
    cases: int
    people: int


@dataclass(frozen=True)
class ResampledMeans:
    """Means of m columns over the same participants drawn again and again.

    Attributes:
        mean, cases, people: (m,) of each column.
        drawn: (resamples, m); NaN where a resample holds no value of the column.
        level: of the intervals.
    """

    mean: Floats
    cases: NDArray[np.int64]
    people: NDArray[np.int64]
    drawn: Floats
    level: float

    def interval(self, column: int) -> MeanInterval:
        """The mean of one column with its percentile interval (Efron 1979)."""
        cases, people = int(self.cases[column]), int(self.people[column])
        mean = float(self.mean[column]) if cases else None
        if people < 2:
            return MeanInterval(mean, None, None, cases, people)
        low, high = self._quantiles(self.drawn[:, column])
        return MeanInterval(mean, low, high, cases, people)

    def difference(self, column: int, other: int) -> MeanInterval:
        """`column` minus `other`, two means over the same drawn participants."""
        low, high = self._quantiles(self.drawn[:, column] - self.drawn[:, other])
        mean = float(self.mean[column] - self.mean[other])
        cases = int(self.cases[column] + self.cases[other])
        people = int(self.people[column] + self.people[other])
        return MeanInterval(mean, low, high, cases, people)

    def _quantiles(self, drawn: Floats) -> tuple[float, float]:
        low, high = np.nanquantile(drawn, [(1 - self.level) / 2, (1 + self.level) / 2])
        return float(low), float(high)


def resampled_means(
    columns: Iterable[Floats], people: NDArray[np.int64], *, config: EvaluationConfig
) -> ResampledMeans:
    """Means of m columns of (n,) values, NaN where a decision has no value, by participant.

    A mean is the sum of a participant's values over the number of them, so it is the ratio of two
    resampled sums; columns that miss the same decisions share the second.

    Args:
        columns: m arrays of shape (n,).
        people: (n,) participant of each decision.
        config: seed, resamples and level.
    """
    labels, place = np.unique(people, return_inverse=True)
    n_units = len(labels)
    sums: list[Floats] = []
    counts: list[Floats] = []
    count_of: list[int] = []
    seen: dict[bytes, int] = {}
    for column in columns:
        present = ~np.isnan(column)
        pattern = np.packbits(present).tobytes()
        if pattern not in seen:
            seen[pattern] = len(counts)
            counts.append(np.bincount(place[present], minlength=n_units).astype(np.float64))
        count_of.append(seen[pattern])
        total = np.bincount(place[present], weights=column[present], minlength=n_units)
        sums.append(total.astype(np.float64))
    summed, counted = np.column_stack(sums), np.column_stack(counts)
    totals = counted.sum(axis=0)[count_of]
    drawn = np.full((config.resamples, len(sums)), np.nan)
    if n_units >= 2:
        both = np.hstack([summed, counted])
        found = bootstrap_means(both, seed=config.seed, resamples=config.resamples)
        drawn = _ratio(found[:, : len(sums)], found[:, len(sums) :][:, count_of])
    return ResampledMeans(
        mean=_ratio(summed.sum(axis=0), totals),
        cases=totals.astype(np.int64),
        people=(counted > 0).sum(axis=0)[count_of],
        drawn=drawn,
        level=config.level,
    )


def _ratio(above: Floats, below: Floats) -> Floats:
    ratio = np.full(above.shape, np.nan)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio
