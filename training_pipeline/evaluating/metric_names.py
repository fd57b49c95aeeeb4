"""The metrics by name: which direction is wanted, which are compared where nobody says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from saldopas.features.errors import DataError
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC

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
