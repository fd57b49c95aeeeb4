"""From a model's name to the directory of its artifact."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

from models.manifest import MANIFEST
from training_pipeline.tracking import store
from training_pipeline.tracking.versions import (
    ALIASES,
    LARGEST,
    ModelNotFoundError,
    registered_version,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient

URI_SCHEME = "models:/"
LONGEST_NUMBER = 100  # digits that are read as a version


def resolve(model: str) -> Path:
    """The artifact directory of a model.

    Args:
        model: `champion`, `challenger`, `previous`, a version number, a `models:/` URI or the path
            of an artifact directory. Artifacts on this machine are used where they are; others are
            downloaded once.

    Raises:
        ModelNotFoundError: there is no such model, or its files are gone.
        RunFailedError: the store refuses.
    """
    if _is_artifact(Path(model)):
        return Path(model)
    number = model.isdecimal() and len(model) <= LONGEST_NUMBER
    if not (model in ALIASES or number or model.startswith(URI_SCHEME)):
        raise ModelNotFoundError(
            f"{model[:LONGEST_NUMBER]!r} is no model: give {', '.join(ALIASES)}, a version number, "
            "a models:/ address or the directory of an artifact"
        )
    mlflow = store.connect()
    with store.mlflow_errors():
        model_id = _model_id(mlflow, model)
        location = str(mlflow.get_logged_model(model_id).artifact_location)
        local = _local_directory(location)
        found = _artifact_in(local if local is not None else _downloaded(model_id, location))
    if found is None:
        raise ModelNotFoundError(
            f"the files of model {model} are gone from {location}; restore them or train again"
        )
    return found


def _is_artifact(path: Path) -> bool:
    try:
        return (path / MANIFEST).is_file()
    except OSError:  # longer than a path may be
        return False


def _model_id(mlflow: MlflowClient, model: str) -> str:
    """MLflow's id of the logged model (`m-...`) behind an alias, number or URI."""
    if not model.startswith(URI_SCHEME):
        wanted = int(model) if model.isdecimal() else model
        return _model_id(mlflow, registered_version(mlflow, wanted).source)
    rest = model.removeprefix(URI_SCHEME).strip("/")
    if "@" in rest:
        name, _, alias = rest.partition("@")
        return _model_id(mlflow, mlflow.get_model_version_by_alias(name, alias).source)
    if "/" in rest:
        name, _, number = rest.partition("/")
        if number.isdecimal() and (len(number) > LONGEST_NUMBER or int(number) > LARGEST):
            raise ModelNotFoundError(f"no version {number[:LONGEST_NUMBER]} of {name}")
        return _model_id(mlflow, mlflow.get_model_version(name, number).source)
    return rest


def _local_directory(location: str) -> Path | None:
    """The directory where `location` is a path, None where it is elsewhere.

    MLflow keeps absolute paths. A store that was moved, or is mounted elsewhere, is read from
    beside its database: `artifacts/<experiment>/models/<id>/artifacts`.
    """
    parsed = urlparse(location)
    if parsed.scheme not in ("", "file"):
        return None
    path = Path(unquote(parsed.path))
    moved = store.home() / "artifacts" / Path(*path.parts[-4:])
    return moved.resolve() if not path.is_dir() and moved.is_dir() else path


def _artifact_in(directory: Path) -> Path | None:
    """The SaldoPas artifact of a pyfunc directory."""
    return next((file.parent for file in directory.glob(f"artifacts/*/{MANIFEST}")), None)


def _downloaded(model_id: str, location: str) -> Path:
    """The model in the cache, fetched beside it and renamed when complete."""
    from mlflow.artifacts import download_artifacts

    cache = _cache()
    target = cache / model_id
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{model_id}-", dir=cache))
    try:
        found = Path(
            download_artifacts(
                artifact_uri=location, dst_path=str(beside), tracking_uri=store.absolute_uri()
            )
        )
        if not target.exists():  # somebody else may have been faster
            found.rename(target)
    except OSError:
        if not target.is_dir():
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "saldopas" / "models"
