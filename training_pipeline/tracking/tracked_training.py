"""From tables to a registered version: train, track, and ask the gate."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from saldopas.features.tables.dataset import Dataset
from saldopas.training_pipeline.console import RunFailedError, say
from saldopas.training_pipeline.evaluating.evaluation import Evaluation
from saldopas.training_pipeline.evaluating.groups import BUILT_IN, profile_kind
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig
from saldopas.training_pipeline.gate.judge import GateInput
from saldopas.training_pipeline.gate.verdict import GateConfig, GateReport
from saldopas.training_pipeline.ingest.erased_people import open_dataset
from saldopas.training_pipeline.tracking.promotion import GateRefusedError, judge, promote
from saldopas.training_pipeline.tracking.store import connect
from saldopas.training_pipeline.tracking.training_run import track_training
from saldopas.training_pipeline.tracking.tuning_run import newest_tuning
from saldopas.training_pipeline.training.config import TrainingConfig
from saldopas.training_pipeline.training.record import TrainingRecord
from saldopas.training_pipeline.training.train import purchases_before, train


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
    connect()  # a store that cannot be reached is said before the work, not after it
    say(f"reading {source.split('@')[-1]}")
    dataset = open_dataset(source, quarantine=quarantine)
    for column in config.gate.segments or ():  # the gate asks last: a wrong name is said first
        if column not in BUILT_IN:
            profile_kind(dataset.participants, dataset.config, column)
    if until is not None and until.tzinfo is None:
        until = until.replace(tzinfo=ZoneInfo(dataset.config.timezone))
    with tempfile.TemporaryDirectory(prefix="saldopas-") as scratch:
        record = train(
            dataset,
            config,
            artifact=Path(scratch) / "artifact",
            until=until,
            tuned=lambda test: newest_tuning(
                dataset.config.name, fingerprint=dataset.fingerprint, test=test
            ),
        )
        found = _tracked(
            record, purchases_before(dataset, until), config.gate, promote_it=promote_it
        )
        return found | {"quarantined": dict(dataset.quarantined)}


def _tracked(
    record: TrainingRecord, seen: Dataset, strict: GateConfig, *, promote_it: bool
) -> dict[str, Any]:
    """`seen` is what the training looked at: the gate compares with the champion on it."""
    say("tracking the run and registering the model")
    run = track_training(record)
    gate = GateInput(seen, measured=run.measured, config=strict)
    report: GateReport | None = None
    why = None if promote_it else "not asked for"
    say("asking the gate")
    try:
        report = promote(run.version, gate=gate).report if promote_it else judge(run.version, gate)
    except GateRefusedError as refused:
        report, why = refused.report, str(refused)
    except RunFailedError as error:
        why = str(error)
    return {
        "run_id": run.run_id,
        "experiment": run.experiment,
        "version": run.version,
        "model": record.manifest.model,
        "promoted": why is None,
        "why": why,
        "gate": report.as_dict() if report else None,
        "stages": [stage.model_dump(mode="json") for stage in record.manifest.recipe.stages],
        "tuned_by": list(record.tuned_by),
        "blend": [asdict(level) for level in record.told_blend],
        "balance_fit": record.manifest.recipe.balance_fit is not None,
        "split": dict(record.manifest.split),
        "validation": _summaries(record.validation, record.evaluation),
        "test": _summaries(record.test, record.evaluation),
        "seconds": record.seconds,
        "fingerprint": record.manifest.fingerprint,
    }


def _summaries(found: dict[str, Evaluation], config: EvaluationConfig) -> dict[str, Any]:
    least = config.min_people
    return {name: evaluation.summary(min_people=least) for name, evaluation in found.items()}
