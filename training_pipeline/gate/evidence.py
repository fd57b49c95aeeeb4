"""How much worse a challenger may be at worst, and what the decisions could have shown at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig, paired_difference
from saldopas.training_pipeline.gate.measured_against import Against
from scipy.special import stdtrit

UNLUCKY = 2  # participants who are taken to lose all that one can, beside those that were seen


@dataclass(frozen=True)
class Evidence:
    """What paired decisions say of a loss, on the safe side.

    Attributes:
        low: no lower true difference is likely, the lower of a bootstrap's and a t interval's end.
        detectable: smallest true difference that these decisions find with the wanted power.
        differing: participants for whom the two differ at all.
    """

    low: float
    detectable: float
    differing: int


@dataclass(frozen=True)
class Paired:
    """A metric in [0, 1] of both, on the decisions where both have it.

    Attributes:
        ours, theirs: (n,) challenger and reference; people: (n,) participant of each decision.
    """

    ours: NDArray[np.float64]
    theirs: NDArray[np.float64]
    people: NDArray[np.int64]

    @classmethod
    def of(cls, against: Against, metric: str) -> Paired:
        """A column of both."""
        ours = against.ours.metrics[metric].to_numpy(np.float64)
        theirs = against.theirs.metrics[metric].to_numpy(np.float64)
        known = ~(np.isnan(ours) | np.isnan(theirs))
        return cls(ours[known], theirs[known], against.decisions.people[known])


def evidence_of(pair: Paired, config: EvaluationConfig) -> Evidence:
    """The safe side of challenger minus reference.

    Where few participants differ, both intervals are too narrow: where none does they have no
    width, and "no loss" would be certain on any number of decisions. So `UNLUCKY` participants
    more, of one decision each, are taken to lose all that one can, the reference's highest value v,
    as in the adjusted interval of a proportion (Agresti & Coull 1998): where nobody of n differs,
    the bound is about -4.8 v / n; the exact 97.5 % limit of a proportion that was never seen is
    3.7 / n. Among thousands who differ they change nothing.
    """
    changed = pair.ours != pair.theirs
    unlucky = np.arange(UNLUCKY) + pair.people.max(initial=0) + 1
    found = paired_difference(
        np.append(pair.ours, np.zeros(UNLUCKY))[:, None],
        np.append(pair.theirs, np.full(UNLUCKY, pair.theirs.max(initial=0.0)))[:, None],
        seed=config.seed,
        clusters=np.append(pair.people, unlucky),
        level=config.level,
        resamples=config.resamples,
    )
    quantile = stdtrit(found.n_units - 1, (1 + config.level) / 2)
    by_t = float(found.mean[0] - quantile * found.standard_error[0])
    return Evidence(
        low=min(float(found.low[0]), by_t),
        detectable=float(found.detectable(power=config.power, alpha=config.alpha)[0]),
        differing=len(np.unique(pair.people[changed])),
    )
