"""The versions of the registered model, and which alias points at which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from saldopas.training_pipeline.console import RunFailedError
from saldopas.training_pipeline.tracking import run_values, store

if TYPE_CHECKING:
    from mlflow import MlflowClient

MODEL_NAME = "course-recommender"
CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
ALIASES = (CHAMPION, CHALLENGER, PREVIOUS)
LARGEST = 2**31 - 1  # version number that every store can ask for


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
