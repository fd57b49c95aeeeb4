"""Which version serves: `champion` moves through a gate, one move at a time, and leaves a trace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from saldopas.features.errors import ArtifactError
from saldopas.models.artifact.artifact import load_artifact
from saldopas.training_pipeline.console import RunFailedError
from saldopas.training_pipeline.gate.judge import GateInput
from saldopas.training_pipeline.gate.verdict import ARTIFACT, GateReport
from saldopas.training_pipeline.tracking import store
from saldopas.training_pipeline.tracking.champion import (
    Promotion,
    promotion,
    promotion_lock,
    write_audit,
)
from saldopas.training_pipeline.tracking.champion_pointer import write_pointer
from saldopas.training_pipeline.tracking.gate_verdicts import judged
from saldopas.training_pipeline.tracking.registry import (
    CHAMPION,
    MODEL_NAME,
    PREVIOUS,
    aliased,
    registered_version,
    resolve,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient


class GateRefusedError(RunFailedError):
    """The gate refuses; `report` holds every verdict."""

    def __init__(self, report: GateReport) -> None:
        super().__init__(f"{report.refusal}; train a better one, or use --force with --reason")
        self.report = report


def promote(
    version: int,
    *,
    reason: str | None = None,
    force: bool = False,
    gate: GateInput | None = None,
) -> Promotion:
    """Point `champion` at `version` and `previous` at the champion before it.

    The gate is asked outside the lock, since it may fit a model; where somebody else has moved
    `champion` meanwhile, it is asked again. So two promotions at once end in one of them.

    Args:
        version: a registered version; nothing changes where it is the champion already.
        reason: why, for the audit; needed with `force`.
        force: promote although a rule refuses; an artifact that does not load is refused still.
        gate: data to compare on, and settings.

    Raises:
        ModelNotFoundError: there is no such version, or its files are gone.
        GateRefusedError: a rule refuses.
        DataError: the gate's data cannot be used.
        RunFailedError: `force` comes without a reason, or the store refuses.
    """
    if force and not (reason or "").strip():
        raise RunFailedError("--force needs a --reason, which is kept with the version")
    mlflow = store.connect()
    with store.mlflow_errors():
        registered_version(mlflow, version)
        while True:
            old = aliased(mlflow).get(CHAMPION)
            report = None if old == version else _passed(mlflow, version, old, gate, force=force)
            with promotion_lock():
                if aliased(mlflow).get(CHAMPION) == old:
                    artifact = _proven(version)
                    move = promotion("promote", old, version, reason, forced=force, report=report)
                    return _moved(mlflow, move, artifact)


def rollback(*, reason: str | None = None) -> Promotion:
    """Swap `champion` and `previous`; the gate is not asked.

    Raises:
        RunFailedError: there is no previous champion, or its artifact does not load.
    """
    mlflow = store.connect()
    with store.mlflow_errors(), promotion_lock():
        aliases = aliased(mlflow)
        old, version = aliases.get(CHAMPION), aliases.get(PREVIOUS)
        if version is None or version == old:
            raise RunFailedError(f"no previous champion in {store.store_name()} to go back to")
        artifact = _proven(version)
        return _moved(mlflow, promotion("rollback", old, version, reason), artifact)


def publish_champion() -> Path:
    """Write `champion.json` anew from the alias, which may have been moved in MLflow itself.

    Returns:
        The artifact directory of the champion.

    Raises:
        ModelNotFoundError: there is no champion yet.
    """
    mlflow = store.connect()
    with store.mlflow_errors(), promotion_lock():
        version = int(registered_version(mlflow, CHAMPION).version)
        artifact = resolve(str(version))
        write_pointer(artifact, version)
        return artifact


def _passed(
    mlflow: MlflowClient, version: int, old: int | None, gate: GateInput | None, *, force: bool
) -> GateReport:
    report = judged(mlflow, version, old, gate)
    if report.failed and (not force or ARTIFACT in report.failed):
        raise GateRefusedError(report)
    return report


def _proven(version: int) -> Path:
    """The artifact of a version that loads and answers its golden requests as before."""
    artifact = resolve(str(version))
    try:
        load_artifact(artifact)
    except ArtifactError as error:
        raise RunFailedError(f"version {version} is not promoted: {error}") from error
    return artifact


def _moved(mlflow: MlflowClient, move: Promotion, artifact: Path) -> Promotion:
    """Audit, `previous`, `champion`, in this order.

    A kill in between leaves the champion where it was, and a line of a move that did not happen;
    never a move without a line.
    """
    if move.changed:
        write_audit(mlflow, move)
        if move.from_version is not None:
            mlflow.set_registered_model_alias(MODEL_NAME, PREVIOUS, str(move.from_version))
        mlflow.set_registered_model_alias(MODEL_NAME, CHAMPION, str(move.to_version))
    write_pointer(artifact, move.to_version)
    return move
