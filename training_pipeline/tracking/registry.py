"""The registered model: its versions and aliases, and from a name to the artifact directory."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from saldopas.features.errors import DataError
from saldopas.models.artifact.manifest import MANIFEST
from saldopas.training_pipeline.console import RunFailedError
from saldopas.training_pipeline.tracking import run_values, store

if TYPE_CHECKING:
    from mlflow import MlflowClient


MODEL_NAME = "course-recommender"
CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
ALIASES = (CHAMPION, CHALLENGER, PREVIOUS)
LARGEST = 2**31 - 1  # version number that every store can ask for
URI_SCHEME = "models:/"
LONGEST_NUMBER = 100  # digits that are read as a version
NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # of MLflow


class ModelNotFoundError(RunFailedError):
    """No such model; its text is one line that says what to do."""


@dataclass(frozen=True)
class VersionInfo:
    """A registered version.

    Attributes:
        score: the main metric on the validation cut, None where nothing could be held out.
    """

    version: int
    aliases: tuple[str, ...]
    dataset: str
    model: str
    score: float | None
    beats_popularity: bool
    created_at: datetime
    run_id: str


def versions() -> list[VersionInfo]:
    """Every version, newest first."""
    mlflow = store.connect()
    with store.mlflow_errors():
        aliases = aliased(mlflow)
        found = list(every_version(mlflow))
    return sorted((_info(one, aliases) for one in found), key=lambda info: -info.version)


def newest_version() -> int:
    """The version that was registered last.

    Raises:
        ModelNotFoundError: there is none.
    """
    found = versions()
    if not found:
        raise ModelNotFoundError(
            f"no model yet in {store.store_name()}: run `saldopas train DIR` first"
        )
    return found[0].version


def aliased(mlflow: MlflowClient) -> dict[str, int]:
    """Version of each alias; empty where the model is not registered yet."""
    from mlflow.exceptions import MlflowException

    try:
        model = mlflow.get_registered_model(MODEL_NAME)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return {}
    return {alias: int(version) for alias, version in model.aliases.items()}


def registered_version(mlflow: MlflowClient, model: str | int) -> Any:
    """MLflow's entity of an alias or a version number.

    Raises:
        ModelNotFoundError: there is no such version.
    """
    from mlflow.exceptions import MlflowException

    aliases = aliased(mlflow)
    number = aliases.get(model) if isinstance(model, str) else model
    where = store.store_name()
    if number is None and "challenger" in aliases and model != "previous":
        waiting = aliases["challenger"]
        raise ModelNotFoundError(
            f"no {model} yet in {where}: version {waiting} was not promoted; name it with --model "
            f"{waiting}, or run `saldopas promote {waiting} --force --reason TEXT`"
        )
    if number is None:
        raise ModelNotFoundError(f"no {model} yet in {where}: run `saldopas train DIR` first")
    missing = ModelNotFoundError(f"no version {number} of {MODEL_NAME} in {where}")
    if number > LARGEST:
        raise missing
    try:
        return mlflow.get_model_version(MODEL_NAME, str(number))
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise missing from error


def every_version(mlflow: MlflowClient) -> Iterator[Any]:
    """MLflow's entities of all versions, in no order."""
    token = None
    while True:
        page = mlflow.search_model_versions(f"name = '{MODEL_NAME}'", page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _info(entity: Any, aliases: dict[str, int]) -> VersionInfo:
    number, tags = int(entity.version), entity.tags
    score = tags.get(run_values.MAIN_TAG)
    return VersionInfo(
        version=number,
        aliases=tuple(sorted(alias for alias, version in aliases.items() if version == number)),
        dataset=tags.get("saldopas.dataset", ""),
        model=tags.get("saldopas.model", ""),
        score=None if score is None else float(score),
        beats_popularity=tags.get(run_values.BEATS_POPULARITY) == "true",
        created_at=datetime.fromtimestamp(entity.creation_timestamp / 1000, UTC),
        run_id=entity.run_id or "",
    )


def resolve(model: str) -> Path:
    """The artifact directory of a model.

    Args:
        model: `champion`, `challenger`, `previous`, a version number, a `models:/` URI or the path
            of an artifact directory. Artifacts on this machine are used where they are; others are
            downloaded once.

    Raises:
        DataError: it is none of these, or the store has no such version or address.
        ModelNotFoundError: the alias stands nowhere yet, or the files are gone.
        RunFailedError: the store refuses.
    """
    if _is_artifact(Path(model)):
        return Path(model)
    number = model.isdecimal() and len(model) <= LONGEST_NUMBER
    if not (model in ALIASES or number or model.startswith(URI_SCHEME)):
        raise _no_such(f"{model[:LONGEST_NUMBER]!r} is no model")
    mlflow = store.connect()
    with store.mlflow_errors():
        with _wrong_names_refused():
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


def _no_such(problem: str) -> DataError:
    known = f"{', '.join(ALIASES)}, a version number, a models:/ address"
    return DataError(problem, remedy=f"give {known} or the directory of an artifact")


@contextmanager
def _wrong_names_refused() -> Iterator[None]:
    """Turn MLflow's errors about unknown names into a `DataError`."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code not in NOT_THERE:
            raise
        raise _no_such(str(error).strip().splitlines()[0]) from error


def _model_id(mlflow: MlflowClient, model: str) -> str:
    """MLflow's id of the logged model (`m-...`) behind an alias, number or URI."""
    if not model.startswith(URI_SCHEME):
        return _model_id(mlflow, _registered(mlflow, model).source)
    rest = model.removeprefix(URI_SCHEME).strip("/")
    if "@" in rest:
        name, _, alias = rest.partition("@")
        return _model_id(mlflow, mlflow.get_model_version_by_alias(name, alias).source)
    if "/" in rest:
        name, _, number = rest.partition("/")
        if number.isdecimal() and (len(number) > LONGEST_NUMBER or int(number) > LARGEST):
            raise _no_such(f"no version {number[:LONGEST_NUMBER]} of {name}")
        return _model_id(mlflow, mlflow.get_model_version(name, number).source)
    return rest


def _registered(mlflow: MlflowClient, model: str) -> Any:
    """MLflow's entity of an alias or of the text of a version number."""
    if not model.isdecimal():
        return registered_version(mlflow, model)
    try:
        return registered_version(mlflow, int(model))
    except ModelNotFoundError as error:
        raise _no_such(str(error)) from error


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
