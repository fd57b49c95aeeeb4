"""Which version serves: `champion` moves through a gate, one move at a time, and leaves a trace."""

from __future__ import annotations

import getpass
import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import ArtifactError
from models.artifact import load_artifact
from training_pipeline.console import RunFailedError
from training_pipeline.selection import POPULARITY
from training_pipeline.tracking import run_values, store
from training_pipeline.tracking.champion_pointer import write_pointer
from training_pipeline.tracking.file_lock import locked
from training_pipeline.tracking.locate import resolve
from training_pipeline.tracking.versions import (
    CHAMPION,
    MODEL_NAME,
    PREVIOUS,
    aliased,
    registered_version,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient

AUDIT_FILE = "promotions.jsonl"
AUDIT_TAG = "saldopas.promotion"


@dataclass(frozen=True)
class Promotion:
    """A move of `champion`; `from_version` is None for the first one."""

    action: str  # "promote" or "rollback"
    from_version: int | None
    to_version: int
    who: str
    at: str  # ISO 8601, UTC
    reason: str | None
    forced: bool

    @property
    def changed(self) -> bool:
        """False where the version was the champion already."""
        return self.from_version != self.to_version


def promote(version: int, *, reason: str | None = None, force: bool = False) -> Promotion:
    """Point `champion` at `version` and `previous` at the champion before it.

    Popularity itself may be the first champion: where nothing is better, it answers.

    Args:
        version: a registered version; nothing changes where it is the champion already.
        reason: why, for the audit; needed with `force`.
        force: promote a version that does not beat popularity.

    Raises:
        ModelNotFoundError: there is no such version, or its files are gone.
        RunFailedError: it does not beat popularity, its artifact does not load, or `force` comes
            without a reason.
    """
    if force and not (reason or "").strip():
        raise RunFailedError("--force needs a --reason, which is kept with the version")
    mlflow = store.connect()
    with store.mlflow_errors(), locked(store.home() / ".promotion.lock"):
        entity = registered_version(mlflow, version)
        old = aliased(mlflow).get(CHAMPION)
        first_and_plain = old is None and entity.tags.get(run_values.MODEL) == POPULARITY
        beats = entity.tags.get(run_values.BEATS_POPULARITY) == "true"
        if not (beats or force or first_and_plain):
            raise RunFailedError(
                f"version {version} does not beat popularity on the validation cut; train a better "
                "one, or use --force with --reason"
            )
        artifact = _proven(version)
        move = _promotion("promote", old, version, reason, forced=force)
        return _moved(mlflow, move, artifact)


def rollback(*, reason: str | None = None) -> Promotion:
    """Swap `champion` and `previous`.

    Raises:
        RunFailedError: there is no previous champion, or its artifact does not load.
    """
    mlflow = store.connect()
    with store.mlflow_errors(), locked(store.home() / ".promotion.lock"):
        aliases = aliased(mlflow)
        old, version = aliases.get(CHAMPION), aliases.get(PREVIOUS)
        if version is None or version == old:
            raise RunFailedError(f"no previous champion in {store.store_name()} to go back to")
        artifact = _proven(version)
        move = _promotion("rollback", old, version, reason, forced=False)
        return _moved(mlflow, move, artifact)


def publish_champion() -> Path:
    """Write `champion.json` anew from the alias, which may have been moved in MLflow itself.

    Returns:
        The artifact directory of the champion.

    Raises:
        ModelNotFoundError: there is no champion yet.
    """
    mlflow = store.connect()
    with store.mlflow_errors(), locked(store.home() / ".promotion.lock"):
        version = int(registered_version(mlflow, CHAMPION).version)
        artifact = resolve(str(version))
        write_pointer(artifact, version)
        return artifact


def _proven(version: int) -> Path:
    """The artifact of a version that loads and answers its golden requests as before."""
    artifact = resolve(str(version))
    try:
        load_artifact(artifact)
    except ArtifactError as error:
        raise RunFailedError(f"version {version} is not promoted: {error}") from error
    return artifact


def _promotion(
    action: str, old: int | None, version: int, reason: str | None, *, forced: bool
) -> Promotion:
    return Promotion(
        action=action,
        from_version=old,
        to_version=version,
        who=_who(),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        reason=reason,
        forced=forced,
    )


def _moved(mlflow: MlflowClient, move: Promotion, artifact: Path) -> Promotion:
    """Set `previous`, then `champion`: a kill in between leaves the champion where it was."""
    if move.changed:
        number = str(move.to_version)
        if move.from_version is not None:
            mlflow.set_registered_model_alias(MODEL_NAME, PREVIOUS, str(move.from_version))
        mlflow.set_registered_model_alias(MODEL_NAME, CHAMPION, number)
        line = json.dumps(asdict(move), ensure_ascii=False)
        mlflow.set_model_version_tag(MODEL_NAME, number, AUDIT_TAG, line)
        with (store.home() / AUDIT_FILE).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    write_pointer(artifact, move.to_version)
    return move


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return f"uid {os.getuid()}"
