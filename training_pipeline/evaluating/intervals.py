"""Every metric of some candidates with its interval, for everybody, the known and the new."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from training_pipeline.evaluating.config import EvaluationConfig
from training_pipeline.evaluating.measured import Measured
from training_pipeline.evaluating.resampling import MeanInterval, resampled_means

Intervals = dict[str, dict[str, dict[str, MeanInterval]]]


def intervals_of(
    candidates: Mapping[str, Measured],
    groups: Mapping[str, NDArray[np.bool_]],
    *,
    config: EvaluationConfig,
) -> Intervals:
    """By candidate, group and metric; the same participants are drawn for all.

    Coverage and Gini are of all lists together and stand under `all` only.

    Args:
        candidates: measured on the same decisions.
        groups: (B,) masks of the decisions, `all` among them.
        config: seed, resamples and level.
    """
    keys = [
        (candidate, group, metric)
        for candidate, measured in candidates.items()
        for group in groups
        for metric in map(str, measured.metrics)
    ]
    columns = (
        np.where(groups[group], candidates[candidate].metrics[metric].to_numpy(np.float64), np.nan)
        for candidate, group, metric in keys
    )
    people = next(iter(candidates.values())).decisions.people
    found = resampled_means(columns, people, config=config)
    by_name: Intervals = {name: {group: {} for group in groups} for name in candidates}
    for place, (candidate, group, metric) in enumerate(keys):
        value = found.interval(place)
        if value.cases:
            by_name[candidate][group][metric] = value
    for candidate, measured in candidates.items():
        by_name[candidate]["all"] |= exposure_intervals(measured, level=config.level)
    return by_name


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
