"""Metrics of one candidate: of each decision, of all lists together, and their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.errors import DataError
from saldopas.models.policy.policy import Recommendations
from saldopas.training_pipeline.evaluating.decisions import CUTOFFS, Decisions
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC
from saldopas.training_pipeline.evaluating.metrics import (
    average_precision,
    balance_metrics,
    case_metrics,
    course_features,
    diversity,
    first_places,
    hits_of,
    novelty,
)
from scipy.special import stdtr, stdtrit

Wanted = Literal["more", "less"]
WANTED: dict[str, Wanted | None] = {
    "hit": "more",
    "recall": "more",
    "ndcg": "more",
    "mrr": "more",
    "map": "more",
    "novelty": None,
    "diversity": None,
    "coverage": "more",
    "gini": "less",
    "balance_used": "more",
    "leftover_rp": "less",
    "nothing_left": "less",
    "price_regret": "less",
}
FAMILY = (
    MAIN_METRIC,
    "hit@10",
    "recall@10",
    "mrr@10",
    "map@10",
    "balance_used@10",
    "leftover_rp@10",
    "nothing_left@1",
    "price_regret@10",
    "novelty@10",
    "diversity@10",
    "coverage@10",
    "gini@10",
)
SEGMENT_METRICS = (MAIN_METRIC, "hit@10", "balance_used@10")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """One candidate.

    Attributes:
        name: as it is called in reports.
        decisions: B decisions.
        lists: what it answers to each, in the catalogue's order of `decisions`.
        metrics: (B, m) a column a metric, NaN where a decision has no value; see
            `decision_metrics`.
    """

    name: str
    decisions: Decisions
    lists: Recommendations
    metrics: pd.DataFrame

    @classmethod
    def of(cls, name: str, decisions: Decisions, lists: Recommendations) -> Measured:
        """Measure lists, one a decision in its order."""
        return cls(name, decisions, lists, decision_metrics(decisions, lists))

    @cached_property
    def exposure(self) -> dict[str, ExposureValue]:
        """`coverage@k` and `gini@k`."""
        items = first_places(self.lists, depth=max(CUTOFFS))
        asked = self.decisions
        by_depth = {
            k: exposure_of(
                items, asked.people, n_items=asked.n_items, depth=k, possible=asked.n_possible
            )
            for k in CUTOFFS
        }
        return {f"{name}@{k}": by_depth[k][name] for name in ("coverage", "gini") for k in CUTOFFS}

    @property
    def names(self) -> tuple[str, ...]:
        """Every metric there is here, those of all lists together last."""
        return (*self.metrics.columns, *self.exposure)


def decision_metrics(decisions: Decisions, lists: Recommendations) -> pd.DataFrame:
    """(B, m) float64: ranking metrics, novelty, diversity and what the list does to the balance.

    Metrics that no decision has are left out: those of the balance where no limit is known,
    diversity where courses have no attributes.
    """
    targets = decisions.cut.cases.targets
    items = first_places(lists, depth=max(CUTOFFS))
    buyers, n_people = decisions.buyers_before
    parts = [
        case_metrics(lists, targets),
        average_precision(lists, targets),
        novelty(items, buyers, n_people),
    ]
    features = course_features(decisions.data.courses.frame)
    if features is not None:
        parts.append(diversity(items, features))
    if np.isfinite(decisions.balance_rp).any():
        hits = hits_of(lists, targets, depth=max(CUTOFFS))
        parts.append(balance_metrics(decisions, items, hits))
    return pd.concat(parts, axis=1).dropna(axis=1, how="all")


def wanted(metric: str) -> Wanted | None:
    """Whether more or less of a metric is wanted, None where neither is."""
    return WANTED.get(metric.partition("@")[0])


def known_metrics(asked: Sequence[str], present: Sequence[str]) -> tuple[str, ...]:
    """`asked`, each once.

    Raises:
        DataError: one of them was not measured.
    """
    for name in asked:
        if name not in present:
            raise DataError(
                f"no metric {name!r} was measured here", remedy=f"use {', '.join(present)}"
            )
    return tuple(dict.fromkeys(asked))


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
