"""Hyperparameters of the newest tunings of a dataset, for a training without its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError
from saldopas.features.tables.dataset_config import UNNAMED
from saldopas.models.recommenders.registry import MODELS
from saldopas.training_pipeline.console import say
from saldopas.training_pipeline.tracking import store
from saldopas.training_pipeline.tracking.runs import FINGERPRINT, KIND
from saldopas.training_pipeline.training.config import LookedAt, Tuned

TUNING = "tuning"
KEY = "saldopas.tuning_key"
SESSIONS = "saldopas.sessions"
TUNED = "saldopas.tuned."  # with a model's name: its hyperparameters as JSON
TUNED_AT = "saldopas.tuned_at"  # milliseconds; there only once a tuning came to its end
METHOD = "saldopas.split"  # these three: see `LookedAt`
UNTIL = "saldopas.validation_until"
KNOWN = "saldopas.known"
MOST = 10_000


@dataclass(frozen=True)
class _FinishedTuning:
    run_id: str
    fingerprint: str
    tuned_at_ms: int
    looked_at: LookedAt
    models: dict[str, dict[str, Any]]


def newest_tuning(name: str, *, fingerprint: str, test: LookedAt | None = None) -> Tuned | None:
    """Tuned hyperparameters of the dataset `name`; None where nothing was tuned.

    Each model's come from the newest finished tuning of the same data, or else of the newest of
    another state of it, so that tuning one model leaves what was found for the others. Data that
    nobody named has no other state: any two datasets without a dataset.toml are called the same.

    Args:
        name: of the dataset, as in dataset.toml.
        fingerprint: of the data to train on.
        test: what lies before the training's test cut; a tuning that looked at anything else is
            left out, since test would then have been chosen on. None: nothing is held out.

    Raises:
        RunFailedError: the store refuses.
    """
    usable = [one for one in _finished(name) if test is None or one.looked_at.spares(test)]
    if name == UNNAMED:
        others = [one for one in usable if one.fingerprint != fingerprint]
        usable = [one for one in usable if one.fingerprint == fingerprint]
        if others and not usable:
            say(
                "what was tuned on other data without a name is not used: where this is the same "
                "dataset, give it a name in dataset.toml and tune again"
            )
    usable.sort(key=lambda one: (one.fingerprint == fingerprint, one.tuned_at_ms), reverse=True)
    chosen: dict[str, _FinishedTuning] = {}
    for one in usable:
        for model in one.models:
            chosen.setdefault(model, one)
    if not chosen:
        return None
    newest = max(chosen.values(), key=lambda one: one.tuned_at_ms)
    return Tuned(
        models={model: one.models[model] for model, one in chosen.items()},
        runs={model: one.run_id for model, one in chosen.items()},
        run_id=newest.run_id,
        tuned_at=datetime.fromtimestamp(newest.tuned_at_ms / 1_000, UTC),
        same_data=all(one.fingerprint == fingerprint for one in chosen.values()),
    )


def _finished(name: str) -> list[_FinishedTuning]:
    mlflow = store.connect()
    with store.mlflow_errors():
        experiment = mlflow.get_experiment_by_name(name)
        if experiment is None or experiment.lifecycle_stage == "deleted":
            return []
        runs = mlflow.search_runs(
            [experiment.experiment_id], f"tags.`{KIND}` = '{TUNING}'", max_results=MOST
        )
    return [
        _FinishedTuning(
            run_id=run.info.run_id,
            fingerprint=run.data.tags[FINGERPRINT],
            tuned_at_ms=int(run.data.tags[TUNED_AT]),
            looked_at=LookedAt(
                method=run.data.tags[METHOD],
                until_s=int(run.data.tags[UNTIL]),
                known=run.data.tags.get(KNOWN, ""),
            ),
            models=_models(run.data.tags, run.info.run_id),
        )
        for run in runs
        if {TUNED_AT, METHOD} <= set(run.data.tags)
    ]


def _models(tags: dict[str, str], run_id: str) -> dict[str, dict[str, Any]]:
    """Those that this release still takes; a hyperparameter may have been renamed since."""
    found = {}
    for key, text in tags.items():
        model = key.removeprefix(TUNED)
        if not key.startswith(TUNED) or model not in MODELS:
            continue
        config = json.loads(text)
        try:
            MODELS[model].config_type.model_validate(config)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            say(f"tuning run {run_id}: {model} is left out: {where}: {first['msg']}")
            continue
        found[model] = config
    return found
