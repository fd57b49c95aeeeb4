"""What the fixtures of tracking hand to tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from saldopas.training_pipeline.tracking.training_run import TrackedRun
from saldopas.training_pipeline.training.record import TrainingRecord

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass(frozen=True)
class Tracked:
    """A store with a good version 1 and 2, and a version 3 that is no better than popularity."""

    home: Path
    record: TrainingRecord
    runs: tuple[TrackedRun, ...]

    @property
    def client(self) -> MlflowClient:
        from saldopas.training_pipeline.tracking.store import connect

        return connect()
