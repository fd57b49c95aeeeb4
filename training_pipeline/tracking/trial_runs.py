"""Everything that was tried on validation: a small run each, and steps of the training's own."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from saldopas.models.recommenders.registry import MODELS
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC
from saldopas.training_pipeline.tracking.run_values import hyperparameters
from saldopas.training_pipeline.tracking.tuning_run import KIND
from saldopas.training_pipeline.training.record import TrainingRecord, Trial

if TYPE_CHECKING:
    from mlflow import MlflowClient

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
