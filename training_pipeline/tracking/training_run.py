"""One training becomes one run: what was asked, tried, measured, drawn and written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from saldopas.models.artifact.artifact import load_artifact
from saldopas.models.recommenders.registry import MODELS
from saldopas.training_pipeline.evaluating.evaluation import CHOSEN, MAIN_METRIC
from saldopas.training_pipeline.evaluating.measured import Measured
from saldopas.training_pipeline.tracking import run_values
from saldopas.training_pipeline.tracking.model_card import (
    HeldOutQuality,
    held_out_quality,
    model_card,
)
from saldopas.training_pipeline.tracking.plots import figures_of
from saldopas.training_pipeline.tracking.registered_model import (
    register,
    start_model,
    write_environment,
)
from saldopas.training_pipeline.tracking.registry import CHALLENGER, MODEL_NAME
from saldopas.training_pipeline.tracking.runs import (
    FINGERPRINT,
    TRIAL,
    Run,
    now_ms,
    open_run,
    save_figures,
    source_tags,
)
from saldopas.training_pipeline.training.record import TrainingRecord, Trial

TRAINING = "training"
PEOPLE = {
    "history": "people with earlier purchases",
    "profile": "people without any, by profile",
    "popular": "people without any",
}
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
    now = datetime.now(UTC)
    began = now - timedelta(seconds=sum(record.seconds.values()))
    with open_run(
        record.name,
        f"{record.manifest.model} {now:%Y-%m-%d %H:%M}",
        _run_tags(record, quality),
        start_ms=int(began.timestamp() * 1_000),  # or its duration is that of the logging
    ) as run:
        version = _log(run, record, quality)
    return TrackedRun(
        run_id=run.run_id,
        version=version,
        experiment=record.name,
        measured=quality.measured[CHOSEN] if quality else None,
    )


def _log(run: Run, record: TrainingRecord, quality: HeldOutQuality | None) -> int:
    from mlflow.entities import LoggedModelStatus

    for place, trial in enumerate(record.trials, start=1):
        _log_trial(run, record, trial, place)
    model = start_model(run, record, name=MODEL_NAME)
    try:
        _log_dataset(run, record)
        _log_values(run, record, quality, model.model_id)
        _log_search(run, record.trials)  # last: MLflow lists in this order
        _log_files(run, record, quality)
        version = register(run, record, model=model)
    except BaseException:
        run.mlflow.finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)
        raise
    run.mlflow.set_registered_model_alias(MODEL_NAME, CHALLENGER, str(version))
    return version


def _run_tags(record: TrainingRecord, quality: HeldOutQuality | None) -> dict[str, str]:
    tags = {
        **run_values.tags(record),
        **source_tags("train", TRAINING),
        "mlflow.note.content": model_card(record, quality),
    }
    _, _, commit = record.manifest.code_version.partition("+g")
    return tags | ({"mlflow.source.git.commit": commit} if commit else {})


def _log_values(
    run: Run, record: TrainingRecord, quality: HeldOutQuality | None, model_id: str
) -> None:
    """Metrics count for run, model and dataset alike."""
    from mlflow.entities import Metric, Param

    now, digest = now_ms(), _digest(record)
    values = run_values.metrics(record) | run_values.beyond_ranking(quality)
    metrics = [
        Metric(name, value, now, 0, model_id, record.name, digest) for name, value in values.items()
    ]
    params = [Param(name, value) for name, value in run_values.parameters(record).items()]
    run.mlflow.log_batch(run.run_id, metrics=metrics, params=params)


def _log_dataset(run: Run, record: TrainingRecord) -> None:
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
    tag = InputTag("mlflow.data.context", "training")
    run.mlflow.log_inputs(run.run_id, [DatasetInput(dataset, [tag])])


def _digest(record: TrainingRecord) -> str:
    return record.manifest.fingerprint[:DIGEST_LENGTH]


def _log_files(run: Run, record: TrainingRecord, quality: HeldOutQuality | None) -> None:
    """Card, evaluation, environment and plots, which ask the artifact that is to be registered."""
    policy = load_artifact(record.artifact).policy
    with run.files() as folder:
        (folder / "model_card.md").write_text(model_card(record, quality), "utf-8")
        write_environment(folder / "environment")
        if quality is not None:
            page = folder / "evaluation" / "test_cut.md"
            page.parent.mkdir()
            page.write_text(quality.page(f"{record.manifest.model} on {record.name}"), "utf-8")
        save_figures(figures_of(record, policy, quality), folder)


def _log_search(run: Run, trials: tuple[Trial, ...]) -> None:
    """`search/<model>` and `search_best/<model>` of the training's own run, a step a trial."""
    steps: list[tuple[str, float, int]] = []
    for model in dict.fromkeys(trial.model for trial in trials):
        found = sorted((one for one in trials if one.model == model), key=lambda one: one.place)
        best = accumulate((one.score for one in found), max)
        for trial, so_far in zip(found, best, strict=True):
            if len(found) > 1:
                steps.append((f"search/{model}", trial.score, trial.place))
                steps.append((f"search_best/{model}", so_far, trial.place))
    if steps:
        run.log({}, {}, steps=steps)


def _log_trial(run: Run, record: TrainingRecord, trial: Trial, place: int) -> None:
    """A nested run."""
    now = now_ms()
    tags = {
        **source_tags("train", TRIAL),
        "saldopas.stage": trial.stage,
        "saldopas.place": str(trial.place),
        "saldopas.model": trial.model,
        "saldopas.chosen": str(trial.chosen).lower(),
        "saldopas.dataset": record.name,
        FINGERPRINT: record.manifest.fingerprint,
        "saldopas.code_version": record.manifest.code_version,
        "mlflow.note.content": _note(trial),
    }
    child = run.child(f"{place:02d} {trial.stage}: {trial.model}", tags, start_ms=now)
    config = MODELS[trial.model].config_type.model_validate(trial.config).model_dump(mode="json")
    child.log(
        {"validation/score": trial.score, "seconds/trial": trial.seconds},
        {
            f"stage.{trial.stage}.model": trial.model,
            **run_values.hyperparameters(trial.stage, config),
        },
        at_ms=now,
    )
    child.end("FINISHED", end_ms=now + round(1_000 * trial.seconds))


def _note(trial: Trial) -> str:
    """The run's description."""
    kept = "Chosen." if trial.chosen else "Not chosen."
    return (
        f"Fit {trial.place} of `{trial.model}` for {PEOPLE[trial.stage]}: `validation/score` is "
        f"their {MAIN_METRIC} on the validation cut. {kept}"
    )
