"""Everything that is measured of one candidate's lists, and the metrics by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from saldopas.features.errors import DataError
from saldopas.models.policy.policy import Recommendations
from saldopas.training_pipeline.evaluating.decisions import CUTOFFS, Decisions
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC
from saldopas.training_pipeline.evaluating.exposure import ExposureValue, exposure_of
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
