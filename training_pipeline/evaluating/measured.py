"""Everything that is measured of one candidate's lists on the decisions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from saldopas.models.policy.policy import Recommendations
from saldopas.training_pipeline.evaluating.balance_use import balance_metrics
from saldopas.training_pipeline.evaluating.beyond_accuracy import (
    course_features,
    diversity,
    novelty,
)
from saldopas.training_pipeline.evaluating.decisions import Decisions
from saldopas.training_pipeline.evaluating.exposure import ExposureValue, exposure_of
from saldopas.training_pipeline.evaluating.metrics import (
    CUTOFFS,
    average_precision,
    case_metrics,
    first_places,
    hits_of,
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
