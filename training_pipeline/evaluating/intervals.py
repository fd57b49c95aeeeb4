"""Means with their intervals: of all decisions, by group of people, and by segment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.training_pipeline.evaluating.groups import Grouping, may_tell, shown_groups
from saldopas.training_pipeline.evaluating.measured import Measured, wanted
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig, bootstrap_means

Floats = NDArray[np.float64]
GROUPS = ("all", "warm", "new")  # everybody, with an earlier purchase, without one


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


Intervals = dict[str, dict[str, dict[str, MeanInterval]]]


def intervals_of(candidates: Mapping[str, Measured], *, config: EvaluationConfig) -> Intervals:
    """By candidate, group (`GROUPS`) and metric; the same participants are drawn for all.

    What is known of too few people is not there (`small_groups`). Coverage and Gini are of all
    lists together and stand under `all` only.

    Args:
        candidates: measured on the same decisions.
        config: seed, resamples, level, and the smallest group that is shown.
    """
    decisions = next(iter(candidates.values())).decisions
    people, is_new = decisions.people, decisions.cut.cases.is_new
    inside = {"all": np.ones(len(people), np.bool_), "warm": ~is_new, "new": is_new}
    seen: dict[bytes, list[str]] = {}
    keys = []
    for candidate, measured in candidates.items():
        for metric in map(str, measured.metrics):
            present = measured.metrics[metric].notna().to_numpy()
            pattern = np.packbits(present).tobytes()
            if pattern not in seen:
                seen[pattern] = _shown_parts(present, people, is_new, min_people=config.min_people)
            keys += [(candidate, group, metric) for group in seen[pattern]]
    columns = (
        np.where(inside[group], candidates[candidate].metrics[metric].to_numpy(np.float64), np.nan)
        for candidate, group, metric in keys
    )
    found = resampled_means(columns, people, config=config)
    by_name: Intervals = {name: {group: {} for group in GROUPS} for name in candidates}
    for place, (candidate, group, metric) in enumerate(keys):
        by_name[candidate][group][metric] = found.interval(place)
    for candidate, measured in candidates.items():
        by_name[candidate]["all"] |= exposure_intervals(measured, level=config.level)
    return by_name


def _shown_parts(
    present: NDArray[np.bool_],
    people: NDArray[np.int64],
    is_new: NDArray[np.bool_],
    *,
    min_people: int,
) -> list[str]:
    """The groups of which a metric with these (B,) values may be told."""
    if not may_tell(present, people, min_people=min_people):
        return []
    parts, _ = shown_groups(is_new[present].astype(int), people[present], min_people=min_people)
    return ["all", *(GROUPS[1 + part] for part in parts)]


def exposure_intervals(measured: Measured, *, level: float) -> dict[str, MeanInterval]:
    """Coverage and Gini, within [0, 1]; see `exposure_of`."""
    cases = measured.decisions.n_decisions
    found = {}
    for name, value in measured.exposure.items():
        people = len(value.deviation)
        low, high = value.interval(level) if people > 1 else (None, None)
        found[name] = MeanInterval(
            mean=value.value,
            low=None if low is None else max(low, 0.0),
            high=None if high is None else min(high, 1.0),
            cases=cases,
            people=people,
        )
    return found


@dataclass(frozen=True)
class Gap:
    """The best served of the shown groups against the worst served.

    The interval is of these two groups, which were picked because they lie apart: with many groups
    some gap is always there.
    """

    best: str
    worst: str
    difference: MeanInterval


@dataclass(frozen=True)
class Segments:
    """One metric by the groups of one column.

    Attributes:
        groups: each group that is shown; hidden: how many are not.
        gap: None where fewer than two groups are shown.
    """

    column: str
    metric: str
    groups: dict[str, MeanInterval]
    hidden: int
    gap: Gap | None


def segments_of(
    metrics: pd.DataFrame,
    grouping: Grouping,
    people: NDArray[np.int64],
    *,
    names: Sequence[str],
    config: EvaluationConfig,
) -> list[Segments]:
    """`names` of `metrics` (B rows) by group, (B,) `people` being the participants.

    What counts is who has a value: a group of many of whom a metric is known of few is hidden.
    """
    values = {name: metrics[name].to_numpy(np.float64) for name in names}
    shown: dict[str, list[int]] = {}
    hidden: dict[str, int] = {}
    for name, column in values.items():
        known = ~np.isnan(column)
        shown[name], hidden[name] = shown_groups(
            grouping.group_of[known],
            people[known],
            min_people=config.min_people,
            apart=grouping.apart,
        )
    places = [(name, group) for name in values for group in shown[name]]
    if not places:
        return [Segments(grouping.column, name, {}, hidden[name], None) for name in values]
    columns = (np.where(grouping.group_of == group, values[name], np.nan) for name, group in places)
    found = resampled_means(columns, people, config=config)
    segments, start = [], 0
    for name in values:
        labels = [grouping.labels[group] for group in shown[name]]
        groups = {label: found.interval(start + place) for place, label in enumerate(labels)}
        gap = _gap(labels, name, found, start)
        segments.append(Segments(grouping.column, name, groups, hidden[name], gap))
        start += len(labels)
    return segments


def _gap(labels: list[str], name: str, found: ResampledMeans, start: int) -> Gap | None:
    if len(labels) < 2:
        return None
    order = np.argsort(found.mean[start : start + len(labels)], kind="stable")
    worst, best = order[0], order[-1]
    if wanted(name) == "less":
        worst, best = best, worst
    difference = found.difference(start + int(best), start + int(worst))
    return Gap(labels[best], labels[worst], difference)
