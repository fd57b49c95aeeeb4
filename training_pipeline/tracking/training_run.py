"""One training becomes one run: what was asked, measured, drawn and written."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from saldopas.models.artifact.artifact import load_artifact
from saldopas.models.recommenders.registry import MODELS
from saldopas.training_pipeline.evaluating.evaluation import CHOSEN, MAIN_METRIC
from saldopas.training_pipeline.evaluating.measured import Measured
from saldopas.training_pipeline.tracking import run_values, store
from saldopas.training_pipeline.tracking.held_out_quality import HeldOutQuality, held_out_quality
from saldopas.training_pipeline.tracking.model_card import model_card
from saldopas.training_pipeline.tracking.plots import figures_of
from saldopas.training_pipeline.tracking.registered_model import write_environment
from saldopas.training_pipeline.tracking.registry import CHALLENGER, MODEL_NAME
from saldopas.training_pipeline.tracking.run_values import experiment_of, hyperparameters
from saldopas.training_pipeline.tracking.tuning_run import KIND
from saldopas.training_pipeline.training.record import TrainingRecord, Trial

if TYPE_CHECKING:
    from mlflow import MlflowClient


TRAINING = "training"
DIGEST_LENGTH = 32  # MLflow takes 36 characters at most


@dataclass(frozen=True)
class TrackedRun:
    """Where a training is found again.

    Attributes:
        measured: all metrics of the registered recipe on its test cut, None without one.
    """

    run_id: str
    version: int
    experiment: str
    measured: Measured | None = None


def track_training(record: TrainingRecord) -> TrackedRun:
    """Log a training, register its artifact, and point `challenger` at the new version.

    The artifact is copied into the store; `record.artifact` may be removed afterwards. A run that
    could not be logged to its end is left as FAILED, and nothing is registered.

    Raises:
        RunFailedError: the store refuses.
    """
    quality = held_out_quality(record)
    mlflow = store.connect()
    with store.mlflow_errors():
        experiment_id = experiment_of(mlflow, record.name)
        now = datetime.now(UTC)
        began = now - timedelta(seconds=sum(record.seconds.values()))
        run_id = mlflow.create_run(
            experiment_id,
            run_name=f"{record.manifest.model} {now:%Y-%m-%d %H:%M}",
            tags=_run_tags(record, quality),
            start_time=int(began.timestamp() * 1_000),  # or its duration is that of the logging
        ).info.run_id
        try:
            version = _log(mlflow, record, quality, run_id=run_id, experiment_id=experiment_id)
        except BaseException:
            mlflow.set_terminated(run_id, "FAILED")
            raise
        mlflow.set_terminated(run_id, "FINISHED")
    return TrackedRun(
        run_id=run_id,
        version=version,
        experiment=record.name,
        measured=quality.measured[CHOSEN] if quality else None,
    )


def _log(
    mlflow: MlflowClient,
    record: TrainingRecord,
    quality: HeldOutQuality | None,
    *,
    run_id: str,
    experiment_id: str,
) -> int:
    from mlflow.entities import LoggedModelStatus
    from saldopas.training_pipeline.tracking.registered_model import register, start_model

    log_trials(mlflow, record, run_id=run_id, experiment_id=experiment_id)
    model = start_model(mlflow, record, run_id=run_id, experiment_id=experiment_id, name=MODEL_NAME)
    try:
        _log_dataset(mlflow, record, run_id)
        _log_values(mlflow, record, quality, run_id, model.model_id)
        log_search(mlflow, record.trials, run_id=run_id)  # last: MLflow lists in this order
        _log_files(mlflow, record, quality, run_id)
        version = register(mlflow, record, run_id=run_id, model=model)
    except BaseException:
        mlflow.finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)
        raise
    mlflow.set_registered_model_alias(MODEL_NAME, CHALLENGER, str(version))
    return version


def _run_tags(record: TrainingRecord, quality: HeldOutQuality | None) -> dict[str, str]:
    tags = {
        **run_values.tags(record),
        KIND: TRAINING,
        "mlflow.source.name": "saldopas train",
        "mlflow.source.type": "LOCAL",
        "mlflow.note.content": model_card(record, quality),
    }
    _, _, commit = record.manifest.code_version.partition("+g")
    return tags | ({"mlflow.source.git.commit": commit} if commit else {})


def _log_values(
    mlflow: MlflowClient,
    record: TrainingRecord,
    quality: HeldOutQuality | None,
    run_id: str,
    model_id: str,
) -> None:
    """Metrics count for run, model and dataset alike."""
    from mlflow.entities import Metric, Param
    from mlflow.utils.time import get_current_time_millis

    now = get_current_time_millis()
    digest = _digest(record)
    values = run_values.metrics(record) | run_values.beyond_ranking(quality)
    metrics = [
        Metric(name, value, now, 0, model_id, record.name, digest) for name, value in values.items()
    ]
    params = [Param(name, value) for name, value in run_values.parameters(record).items()]
    mlflow.log_batch(run_id, metrics=metrics, params=params)


def _log_dataset(mlflow: MlflowClient, record: TrainingRecord, run_id: str) -> None:
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset
    from mlflow.entities import Dataset, DatasetInput, InputTag

    digest = _digest(record)
    source = CodeDatasetSource({"saldopas.fingerprint": record.manifest.fingerprint})
    described = MetaDataset(source, name=record.name, digest=digest).to_dict()
    profile = {
        "participants": record.data.n_people,
        "courses": record.data.courses.n_items,
        "purchases": len(record.data.kept),
    }
    dataset = Dataset(
        name=record.name,
        digest=digest,
        source_type=described["source_type"],
        source=described["source"],
        profile=json.dumps(profile),
    )
    mlflow.log_inputs(
        run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])]
    )


def _digest(record: TrainingRecord) -> str:
    return record.manifest.fingerprint[:DIGEST_LENGTH]


def _log_files(
    mlflow: MlflowClient, record: TrainingRecord, quality: HeldOutQuality | None, run_id: str
) -> None:
    """Card, evaluation, environment and plots, which ask the artifact that is to be registered."""
    policy = load_artifact(record.artifact).policy
    with tempfile.TemporaryDirectory(prefix="saldopas-run-") as folder:
        (Path(folder) / "model_card.md").write_text(model_card(record, quality), "utf-8")
        write_environment(Path(folder) / "environment")
        if quality is not None:
            page = Path(folder) / "evaluation" / "test_cut.md"
            page.parent.mkdir()
            page.write_text(quality.page(f"{record.manifest.model} on {record.name}"), "utf-8")
        plots = Path(folder) / "plots"
        plots.mkdir()
        for name, figure in figures_of(record, policy, quality).items():
            figure.savefig(plots / f"{name}.png", dpi=130)
        mlflow.log_artifacts(run_id, folder)


TRIAL = "trial"
PEOPLE = {
    "history": "people with earlier purchases",
    "profile": "people without any, by profile",
    "popular": "people without any",
}


def log_trials(
    mlflow: MlflowClient, record: TrainingRecord, *, run_id: str, experiment_id: str
) -> None:
    """A child run for each trial."""
    for place, trial in enumerate(record.trials, start=1):
        _log_trial(mlflow, record, trial, place, run_id=run_id, experiment_id=experiment_id)


def log_search(mlflow: MlflowClient, trials: tuple[Trial, ...], *, run_id: str) -> None:
    """`search/<model>` and `search_best/<model>` of the training's own run, a step a trial."""
    from mlflow.entities import Metric
    from mlflow.utils.time import get_current_time_millis

    now = get_current_time_millis()
    steps = []
    for model in dict.fromkeys(trial.model for trial in trials):
        found = sorted((one for one in trials if one.model == model), key=lambda one: one.place)
        best = accumulate((one.score for one in found), max)
        for trial, so_far in zip(found, best, strict=True):
            if len(found) > 1:
                steps.append(Metric(f"search/{model}", trial.score, now, trial.place))
                steps.append(Metric(f"search_best/{model}", so_far, now, trial.place))
    if steps:
        mlflow.log_batch(run_id, metrics=steps)


def _log_trial(
    mlflow: MlflowClient,
    record: TrainingRecord,
    trial: Trial,
    place: int,
    *,
    run_id: str,
    experiment_id: str,
) -> None:
    from mlflow.entities import Metric, Param
    from mlflow.utils.time import get_current_time_millis

    now = get_current_time_millis()
    tags = {
        "mlflow.parentRunId": run_id,
        "mlflow.source.name": "saldopas train",
        "mlflow.source.type": "LOCAL",
        KIND: TRIAL,
        "saldopas.stage": trial.stage,
        "saldopas.place": str(trial.place),
        "saldopas.model": trial.model,
        "saldopas.chosen": str(trial.chosen).lower(),
        "saldopas.dataset": record.name,
        "saldopas.fingerprint": record.manifest.fingerprint,
        "saldopas.code_version": record.manifest.code_version,
        "mlflow.note.content": _note(trial),
    }
    child = mlflow.create_run(
        experiment_id,
        run_name=f"{place:02d} {trial.stage}: {trial.model}",
        tags=tags,
        start_time=now,
    ).info.run_id
    config = MODELS[trial.model].config_type.model_validate(trial.config).model_dump(mode="json")
    values = {f"stage.{trial.stage}.model": trial.model, **hyperparameters(trial.stage, config)}
    mlflow.log_batch(
        child,
        metrics=[
            Metric("validation/score", trial.score, now, 0),
            Metric("seconds/trial", trial.seconds, now, 0),
        ],
        params=[Param(name, str(value)) for name, value in values.items()],
    )
    mlflow.set_terminated(child, "FINISHED", end_time=now + round(1_000 * trial.seconds))


def _note(trial: Trial) -> str:
    """The run's description."""
    kept = "Chosen." if trial.chosen else "Not chosen."
    return (
        f"Fit {trial.place} of `{trial.model}` for {PEOPLE[trial.stage]}: `validation/score` is "
        f"their {MAIN_METRIC} on the validation cut. {kept}"
    )
