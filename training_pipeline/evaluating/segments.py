"""Who is served how well: a metric by group, small groups hidden, and the widest gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training_pipeline.evaluating.config import EvaluationConfig
from training_pipeline.evaluating.groups import Grouping
from training_pipeline.evaluating.metric_names import wanted
from training_pipeline.evaluating.resampling import MeanInterval, ResampledMeans, resampled_means


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
    """`names` of `metrics` (B rows) by group, (B,) `people` being the participants."""
    shown, hidden = shown_groups(grouping, people, min_people=config.min_people)
    if not shown:
        return [Segments(grouping.column, name, {}, hidden, None) for name in names]
    columns = (
        np.where(grouping.group_of == group, metrics[name].to_numpy(np.float64), np.nan)
        for name in names
        for group in shown
    )
    found = resampled_means(columns, people, config=config)
    return [
        _segments(grouping, name, shown, hidden, found, offset * len(shown))
        for offset, name in enumerate(names)
    ]


def shown_groups(
    grouping: Grouping, people: NDArray[np.int64], *, min_people: int
) -> tuple[list[int], int]:
    """Groups of at least `min_people` participants, and how many others there are.

    The rest could be worked out as total minus what is shown, so while the hidden groups together
    are of fewer than `min_people`, the smallest shown one is hidden too.
    """
    pairs = pd.DataFrame({"group": grouping.group_of, "person": people}).drop_duplicates()
    sizes = pairs["group"].value_counts()
    hidden = sizes[sizes < min_people].index.tolist()
    shown = sizes[sizes >= min_people].sort_values(kind="stable").index.tolist()
    while hidden and shown and _n_people(pairs, hidden) < min_people:
        hidden.append(shown.pop(0))
    return sorted(int(group) for group in shown), len(hidden)


def _n_people(pairs: pd.DataFrame, groups: list[int]) -> int:
    return int(pairs.loc[pairs["group"].isin(groups), "person"].nunique())


def _segments(
    grouping: Grouping, name: str, shown: list[int], hidden: int, found: ResampledMeans, start: int
) -> Segments:
    labels = [grouping.labels[group] for group in shown]
    groups = {label: found.interval(start + place) for place, label in enumerate(labels)}
    return Segments(grouping.column, name, groups, hidden, _gap(labels, name, found, start))


def _gap(labels: list[str], name: str, found: ResampledMeans, start: int) -> Gap | None:
    means = found.mean[start : start + len(labels)]
    known = np.flatnonzero(~np.isnan(means))
    if len(known) < 2:
        return None
    order = known[np.argsort(means[known], kind="stable")]
    worst, best = order[0], order[-1]
    if wanted(name) == "less":
        worst, best = best, worst
    difference = found.difference(start + int(best), start + int(worst))
    return Gap(labels[best], labels[worst], difference)
