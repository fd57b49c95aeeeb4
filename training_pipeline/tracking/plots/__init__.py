"""Every figure of a training by its file name."""

from __future__ import annotations

from matplotlib.figure import Figure
from saldopas.models.policy.policy import Policy
from saldopas.training_pipeline.tracking.model_card import HeldOutQuality
from saldopas.training_pipeline.tracking.plots.balance import (
    balance_used,
    catalogue_share,
    price_and_balance,
)
from saldopas.training_pipeline.tracking.plots.quality import (
    quality_by_cutoff,
    quality_by_history,
    quality_by_segment,
    reliability,
)
from saldopas.training_pipeline.tracking.plots.trials import search_history, trials
from saldopas.training_pipeline.training.record import TrainingRecord


def figures_of(
    record: TrainingRecord, policy: Policy, quality: HeldOutQuality | None
) -> dict[str, Figure]:
    """Those that the data allows; `policy` is registered, `quality` is of its test cut."""
    model = record.manifest.model
    figures = {
        "1-quality-by-history": quality_by_history(quality, model),
        "2-quality-by-list-length": quality_by_cutoff(record),
        "3-popularity-of-recommendations": catalogue_share(record),
        "4-price-and-balance": price_and_balance(record, policy),
        "5-trials": trials(record),
        "6-quality-by-segment": quality_by_segment(quality, model),
        "7-balance-used": balance_used(quality, model),
        "8-search-history": search_history(record),
        "9-reliability": reliability(record),
    }
    return {name: figure for name, figure in figures.items() if figure is not None}
