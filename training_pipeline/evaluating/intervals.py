"""Every metric of some candidates with its interval, for everybody, the known and the new."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from saldopas.training_pipeline.evaluating.config import EvaluationConfig
from saldopas.training_pipeline.evaluating.measured import Measured
from saldopas.training_pipeline.evaluating.resampling import MeanInterval, resampled_means
from saldopas.training_pipeline.evaluating.small_groups import may_tell, shown_groups

GROUPS = ("all", "warm", "new")  # everybody, with an earlier purchase, without one
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
                seen[pattern] = _shown(present, people, is_new, min_people=config.min_people)
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


def _shown(
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
