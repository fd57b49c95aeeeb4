"""One experiment a dataset, and where its artifacts go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from saldopas.training_pipeline.console import RunFailedError
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC
from saldopas.training_pipeline.tracking import store

if TYPE_CHECKING:
    from mlflow import MlflowClient

NAME = MAIN_METRIC.replace("@", "_at_")
VIEW = "saldopas"  # of the list of runs: these columns, which MLflow would not choose
COLUMNS = (
    "attributes.`Duration`",
    f"metrics.`validation/all/{NAME}`",
    f"metrics.`test/all/{NAME}`",
    f"metrics.`test_popularity/all/{NAME}`",
    "metrics.`test/all/balance_used_at_10`",
    "tags.`saldopas.gate`",
    "tags.`saldopas.model`",
    "tags.`saldopas.code_version`",
)
PAGES = {
    "mlflow.experimentKind": "custom_model_development",  # or the pages for chats are shown
    f"mlflow.sharedViewState.{VIEW}": json.dumps({"selectedColumns": COLUMNS}),
}


def experiment_of(mlflow: MlflowClient, name: str) -> str:
    """Id of the dataset's experiment, made where there is none.

    Raises:
        RunFailedError: it was deleted, or its artifacts would go where they are not looked for.
    """
    found = mlflow.get_experiment_by_name(name) or _made(mlflow, name)
    if found.lifecycle_stage == "deleted":
        raise RunFailedError(
            f"experiment {name!r} is deleted in {store.store_name()}: restore it with `mlflow "
            "experiments restore`, or give the dataset another name in dataset.toml"
        )
    lost = _lost_directory(found.artifact_location)
    if lost is not None:
        raise RunFailedError(
            f"experiment {name!r} keeps its artifacts in {lost}, which is not there: the store "
            "was moved. Move it back, or give the dataset another name in dataset.toml"
        )
    for tag, value in PAGES.items():
        if found.tags.get(tag) != value:
            mlflow.set_experiment_tag(found.experiment_id, tag, value)
    return str(found.experiment_id)


def _made(mlflow: MlflowClient, name: str) -> Any:
    """A new experiment, or the one that somebody else made in the same moment."""
    from mlflow.exceptions import MlflowException

    where = None if store.is_server() else str((store.home() / "artifacts" / name).resolve())
    note = {
        "mlflow.note.content": f"Trainings of `saldopas train` on the dataset {name}; below each, "
        "as its children, what was tried. Tunings and drift reports are runs of their own: filter "
        "by the tag `saldopas.kind`."
    }
    try:
        mlflow.create_experiment(name, artifact_location=where, tags=note)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    return mlflow.get_experiment_by_name(name)


def _lost_directory(location: str) -> Path | None:
    """A local directory that is neither there nor below this store."""
    parsed = urlparse(location)
    if parsed.scheme not in ("", "file"):
        return None
    path = Path(unquote(parsed.path))
    ours = path.is_relative_to(store.home().resolve()) or path.is_dir()
    return None if ours else path
