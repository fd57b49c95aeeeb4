"""Two candidates on the same decisions: differences, tests, and what could have been found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from saldopas.training_pipeline.evaluating.groups import Grouping, may_tell
from saldopas.training_pipeline.evaluating.intervals import Segments, segments_of
from saldopas.training_pipeline.evaluating.measured import ExposureValue, Measured, Wanted, wanted
from saldopas.training_pipeline.evaluating.statistics import (
    EvaluationConfig,
    detectable_errors,
    holm,
    paired_difference,
)

Verdict = Literal["better", "worse", "higher", "lower", "undecided"]


@dataclass(frozen=True)
class Difference:
    """B minus A of one metric.

    Attributes:
        a, b: means over the decisions where both have a value.
        difference, low, high: b - a and its interval over participants.
        p_value: two-sided, of this metric alone; p_holm: corrected for the family compared.
        detectable: smallest true difference that a test of this metric alone finds with the wanted
            power; detectable_in_family: the same at alpha divided by the size of the family, what
            Holm's first step asks for. A smaller difference is not shown to be absent.
        cases, people: decisions and participants that it rests on.
        verdict: of B against A, at the family's alpha.
    """

    metric: str
    wanted: Wanted | None
    a: float
    b: float
    difference: float
    low: float
    high: float
    p_value: float
    p_holm: float
    detectable: float
    detectable_in_family: float
    cases: int
    people: int
    verdict: Verdict = "undecided"

    @property
    def relative(self) -> float | None:
        """The difference as a share of A, None where A is 0."""
        return self.difference / abs(self.a) if self.a != 0 else None


def differences(
    a: Measured, b: Measured, *, names: Sequence[str], config: EvaluationConfig
) -> list[Difference]:
    """B minus A of every metric in `names`, the family that Holm's correction is for.

    A metric that too few participants have a value of is not told (`small_groups.may_tell`).
    """
    by_name = _mean_differences(a, b, [n for n in names if n in a.metrics], len(names), config)
    for name in (name for name in names if name in a.exposure):
        by_name[name] = _exposure_difference(a, b, name, len(names), config)
    found = [by_name[name] for name in names if name in by_name]
    corrected = holm(np.array([one.p_value for one in found]))
    return [
        _judged(replace(one, p_holm=float(p)), config.alpha)
        for one, p in zip(found, corrected, strict=True)
    ]


def segment_differences(
    a: Measured, b: Measured, by: Grouping, *, names: Sequence[str], config: EvaluationConfig
) -> list[Segments]:
    """B minus A by group; not corrected for the number of groups."""
    changed = b.metrics[list(names)] - a.metrics[list(names)]
    return segments_of(changed, by, a.decisions.people, names=names, config=config)


def _mean_differences(
    a: Measured, b: Measured, names: Sequence[str], family: int, config: EvaluationConfig
) -> dict[str, Difference]:
    ours = b.metrics[list(names)].to_numpy(np.float64)
    theirs = a.metrics[list(names)].to_numpy(np.float64)
    present = ~(np.isnan(ours) | np.isnan(theirs))
    found = {}
    for column in _same_decisions(present):
        rows = present[:, column[0]]
        people = a.decisions.people[rows]
        pair = ours[rows][:, column], theirs[rows][:, column]
        n_people = len(np.unique(people))
        enough = may_tell(rows, a.decisions.people, min_people=config.min_people)
        if n_people < 2 or not enough:
            continue
        paired = paired_difference(
            *pair,
            seed=config.seed,
            clusters=people,
            level=config.level,
            resamples=config.resamples,
        )
        alone = paired.detectable(power=config.power, alpha=config.alpha)
        within = paired.detectable(power=config.power, alpha=config.alpha / family)
        for place, index in enumerate(column):
            found[names[index]] = Difference(
                metric=names[index],
                wanted=wanted(names[index]),
                a=float(pair[1][:, place].mean()),
                b=float(pair[0][:, place].mean()),
                difference=float(paired.mean[place]),
                low=float(paired.low[place]),
                high=float(paired.high[place]),
                p_value=float(paired.p_value[place]),
                p_holm=float(paired.p_value[place]),
                detectable=float(alone[place]),
                detectable_in_family=float(within[place]),
                cases=int(rows.sum()),
                people=n_people,
            )
    return found


def _same_decisions(present: NDArray[np.bool_]) -> list[list[int]]:
    """Columns of (B, m) `present` that agree, together."""
    together: dict[bytes, list[int]] = {}
    for column in range(present.shape[1]):
        together.setdefault(np.packbits(present[:, column]).tobytes(), []).append(column)
    return list(together.values())


def _exposure_difference(
    a: Measured, b: Measured, name: str, family: int, config: EvaluationConfig
) -> Difference:
    theirs, ours = a.exposure[name], b.exposure[name]
    changed = ours.minus(theirs)
    low, high = changed.interval(config.level)
    p_value = changed.p_value()
    return Difference(
        metric=name,
        wanted=wanted(name),
        a=theirs.value,
        b=ours.value,
        difference=changed.value,
        low=low,
        high=high,
        p_value=p_value,
        p_holm=p_value,
        detectable=_detectable(changed, config.power, config.alpha),
        detectable_in_family=_detectable(changed, config.power, config.alpha / family),
        cases=a.decisions.n_decisions,
        people=len(changed.deviation),
    )


def _detectable(value: ExposureValue, power: float, alpha: float) -> float:
    return detectable_errors(len(value.deviation), power=power, alpha=alpha) * value.standard_error


def _judged(found: Difference, alpha: float) -> Difference:
    if found.p_holm >= alpha:
        return found
    more = found.difference > 0
    if found.wanted is None:
        return replace(found, verdict="higher" if more else "lower")
    return replace(found, verdict="better" if more == (found.wanted == "more") else "worse")
