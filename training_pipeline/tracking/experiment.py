"""One experiment a dataset, and where its artifacts go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from training_pipeline.console import RunFailedError
from training_pipeline.tracking import store

if TYPE_CHECKING:
    from mlflow import MlflowClient


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
    return str(found.experiment_id)


def _made(mlflow: MlflowClient, name: str) -> Any:
    """A new experiment, or the one that somebody else made in the same moment."""
    from mlflow.exceptions import MlflowException

    where = None if store.is_server() else str((store.home() / "artifacts" / name).resolve())
    note = {"mlflow.note.content": f"Trainings of `saldopas train` on the dataset {name}."}
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
