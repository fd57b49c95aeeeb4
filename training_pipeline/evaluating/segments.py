"""Who is served how well: a metric by group, small groups hidden, and the widest gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.training_pipeline.evaluating.config import EvaluationConfig
from saldopas.training_pipeline.evaluating.groups import Grouping
from saldopas.training_pipeline.evaluating.metric_names import wanted
from saldopas.training_pipeline.evaluating.resampling import (
    MeanInterval,
    ResampledMeans,
    resampled_means,
)
from saldopas.training_pipeline.evaluating.small_groups import shown_groups


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
