"""Every figure of a training by its file name."""

from __future__ import annotations

from matplotlib.figure import Figure

from training_pipeline.record import TrainingRecord


def figures_of(record: TrainingRecord) -> dict[str, Figure]:
    """Those that the data allows."""
    return {}
