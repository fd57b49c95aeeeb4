"""From tables to a registered version: train, track, and ask the gate."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from features.dataset import read_dataset
from training_pipeline.console import RunFailedError, say
from training_pipeline.evaluation import Evaluation
from training_pipeline.record import TrainingRecord
from training_pipeline.train import train
from training_pipeline.training_config import TrainingConfig


def train_and_track(
    source: str,
    config: TrainingConfig,
    *,
    until: datetime | None = None,
    quarantine: Path | None = None,
    promote_it: bool = True,
) -> dict[str, Any]:
    """The outcome that `saldopas train --json` prints.

    Raises:
        DataError: the data cannot be used.
        RunFailedError: tracking or registration failed.
    """
    from training_pipeline.tracking.store import connect

    connect()  # a store that cannot be reached is said before the work, not after it
    say(f"reading {source.split('@')[-1]}")
    dataset = read_dataset(source, quarantine=quarantine)
    if until is not None and until.tzinfo is None:
        until = until.replace(tzinfo=ZoneInfo(dataset.config.timezone))
    with tempfile.TemporaryDirectory(prefix="saldopas-") as scratch:
        record = train(dataset, config, artifact=Path(scratch) / "artifact", until=until)
        return _tracked(record, promote_it=promote_it) | {"quarantined": dict(dataset.quarantined)}


def _tracked(record: TrainingRecord, *, promote_it: bool) -> dict[str, Any]:
    from training_pipeline.tracking.registry import promote
    from training_pipeline.tracking.training_run import track_training

    say("tracking the run and registering the model")
    run = track_training(record)
    why = "not asked for" if not promote_it else None
    if promote_it:
        try:
            promote(run.version)
        except RunFailedError as error:
            why = str(error)
    return {
        "run_id": run.run_id,
        "experiment": run.experiment,
        "version": run.version,
        "model": record.manifest.model,
        "promoted": why is None,
        "why": why,
        "stages": [stage.model_dump(mode="json") for stage in record.manifest.recipe.stages],
        "blend": [asdict(level) for level in record.blend],
        "balance_fit": record.manifest.recipe.balance_fit is not None,
        "split": dict(record.manifest.split),
        "validation": _summaries(record.validation),
        "test": _summaries(record.test),
        "seconds": record.seconds,
        "fingerprint": record.manifest.fingerprint,
    }


def _summaries(found: dict[str, Evaluation]) -> dict[str, Any]:
    return {name: evaluation.summary() for name, evaluation in found.items()}
