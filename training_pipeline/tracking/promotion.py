"""Which version serves: the gate's verdicts with each version, and the moves of `champion`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saldopas.features.errors import ArtifactError
from saldopas.models.artifact.artifact import load_artifact
from saldopas.models.artifact.manifest import MANIFEST
from saldopas.training_pipeline.console import RunFailedError
from saldopas.training_pipeline.gate.judge import Challenger, Champion, GateInput
from saldopas.training_pipeline.gate.judge import judge as judge_artifacts
from saldopas.training_pipeline.gate.verdict import ARTIFACT, EDITION, GateReport
from saldopas.training_pipeline.tracking import run_values, store
from saldopas.training_pipeline.tracking.champion import (
    Promotion,
    promotion,
    promotion_lock,
    write_audit,
)
from saldopas.training_pipeline.tracking.champion_pointer import write_pointer
from saldopas.training_pipeline.tracking.model_card import GAP
from saldopas.training_pipeline.tracking.registry import (
    CHAMPION,
    MODEL_NAME,
    PREVIOUS,
    ModelNotFoundError,
    aliased,
    registered_version,
    resolve,
)
from saldopas.training_pipeline.tracking.runs import FINGERPRINT

if TYPE_CHECKING:
    from mlflow import MlflowClient

TAG = "saldopas.gate"  # "passed", or "refused by" the rules
AGAINST = f"{TAG}.against"  # the champion's version, or "none", where it was measured
FOLDER = "gate"  # of the run's artifacts
NOBODY = "none"
SHORT = 16  # characters of a fingerprint in a file's name
LONGEST = 5_000  # characters of a description that every store takes
LONGEST_CELL = 500


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


def judge(version: int, gate: GateInput | None = None) -> GateReport:
    """Ask the gate about a version, and keep the verdicts with it; no alias moves.

    Raises:
        ModelNotFoundError: there is no such version, or its files are gone.
        DataError: the data or a segment column cannot be used.
        RunFailedError: the store refuses.
    """
    mlflow = store.connect()
    with store.mlflow_errors():
        champion = aliased(mlflow).get(CHAMPION)
        return judged(mlflow, version, None if champion == version else champion, gate)


def judged(
    mlflow: MlflowClient, version: int, champion: int | None, gate: GateInput | None
) -> GateReport:
    """The verdicts on `version` against `champion`, stored."""
    asked = gate or GateInput()
    entity = registered_version(mlflow, version)
    tags = entity.tags
    challenger = Challenger(
        version=version,
        model=tags.get(run_values.MODEL, ""),
        beats_popularity=tags.get(run_values.BEATS_POPULARITY) == "true",
        measured=run_values.MAIN_TAG in tags,
        artifact=resolve(str(version)),
    )
    report = judge_artifacts(
        challenger,
        None if champion is None else Champion(champion, _champion_files(champion)),
        asked,
        earlier=_earlier(mlflow, entity, champion, asked),
    )
    keep(mlflow, report, entity)
    return report


def _champion_files(champion: int) -> Path:
    """Where its artifact is, or should be: the gate says that it does not load."""
    try:
        return resolve(str(champion))
    except ModelNotFoundError:
        return store.home() / f"no-{MANIFEST}"


def keep(mlflow: MlflowClient, report: GateReport, entity: Any) -> None:
    """Store a report; one without measurements does not replace one with them."""
    if not report.measured and AGAINST in entity.tags:
        return
    run_id, number = entity.run_id, str(report.version)
    told = f"refused by {', '.join(report.failed)}" if report.failed else "passed"
    tags = {TAG: told} | ({AGAINST: _against(report.champion)} if report.measured else {})
    with promotion_lock():  # MLflow fails where two set a tag at once
        for name, value in tags.items():
            mlflow.set_model_version_tag(MODEL_NAME, number, name, value)
        mlflow.update_model_version(MODEL_NAME, number, page(entity.tags, report))
        mlflow.set_tag(run_id, TAG, told)
        mlflow.log_dict(run_id, report.as_dict(), _file_of(report))


def page(tags: dict[str, str], report: GateReport) -> str:
    """The version's description: Markdown, of `LONGEST` characters at most."""
    against = "no champion" if report.champion is None else f"champion {report.champion}"
    told = f"refused by {', '.join(report.failed)}" if report.failed else "passed"
    more = f"… see {_file_of(report)} of the source run"
    rows = [
        f"| {one.rule} | {GAP}{one.outcome} | {GAP}{_cut(one.sentence, LONGEST_CELL, more)} |"
        for one in report.verdicts
    ]
    lines = [
        f"{tags.get(run_values.MODEL)} trained on {tags.get('saldopas.dataset')}; the source "
        "run has the model card.",
        f"\n**Gate against {against}: {told}.** {report.compared}\n",
        f"| rule | {GAP}verdict | {GAP}why |",
        "|---|---|---|",
        *(row.replace("\n", " ") for row in rows),
    ]
    return _cut("\n".join(lines), LONGEST, more)


def _cut(told: str, longest: int, more: str) -> str:
    """`told`, or its beginning and `more`, which says where the rest is."""
    return told if len(told) <= longest else f"{told[: longest - len(more) - 1]} {more}"


def _against(champion: int | None) -> str:
    return NOBODY if champion is None else str(champion)


def _file_of(report: GateReport) -> str:
    return _file(report.version, report.champion, report.data)


def _file(version: int, champion: int | None, data: str | None) -> str:
    on = f"-on-{data[:SHORT]}" if data else ""
    return f"{FOLDER}/version-{version}-against-{_against(champion)}{on}.json"


def _earlier(
    mlflow: MlflowClient, entity: Any, champion: int | None, gate: GateInput
) -> GateReport | None:
    """An earlier report against this champion, with the same settings and rules.

    On what the version was trained on, and nothing else that somebody may have given.
    """
    from mlflow.exceptions import MlflowException

    data = entity.tags.get(FINGERPRINT)
    if champion is None or data is None:
        return None
    file = _file(int(entity.version), champion, data)
    try:
        with tempfile.TemporaryDirectory(prefix="saldopas-gate-") as folder:
            kept = Path(mlflow.download_artifacts(entity.run_id, file, folder))
            told = json.loads(kept.read_text("utf-8"))
    except (MlflowException, OSError):  # nobody asked, or somebody removed the file
        return None
    settings = gate.config.model_dump(mode="json")
    wanted = {"settings": settings, "edition": EDITION, "data": data}
    return GateReport.from_dict(told) if wanted.items() <= told.items() else None
