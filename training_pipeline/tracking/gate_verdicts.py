"""The gate's verdicts with the version: its description, tags to filter by, a file of its run."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.manifest import MANIFEST
from training_pipeline.gate.judge import Challenger, Champion, GateInput
from training_pipeline.gate.judge import judge as judge_artifacts
from training_pipeline.gate.verdict import GateReport
from training_pipeline.tracking import run_values, store
from training_pipeline.tracking.locate import resolve
from training_pipeline.tracking.model_card import GAP
from training_pipeline.tracking.promotion_lock import promotion_lock
from training_pipeline.tracking.versions import (
    CHAMPION,
    MODEL_NAME,
    ModelNotFoundError,
    aliased,
    registered_version,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient

TAG = "saldopas.gate"  # "passed", or "refused by" the rules
AGAINST = f"{TAG}.against"  # the champion's version, or "none"
FOLDER = "gate"  # of the run's artifacts
NOBODY = "none"


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
    _store(mlflow, report, entity)
    return report


def _champion_files(champion: int) -> Path:
    """Where its artifact is, or should be: the gate says that it does not load."""
    try:
        return resolve(str(champion))
    except ModelNotFoundError:
        return store.home() / f"no-{MANIFEST}"


def _store(mlflow: MlflowClient, report: GateReport, entity: Any) -> None:
    run_id, number = entity.run_id, str(report.version)
    told = f"refused by {', '.join(report.failed)}" if report.failed else "passed"
    against = NOBODY if report.champion is None else str(report.champion)
    with promotion_lock():  # MLflow fails where two set a tag at once
        for name, value in ((TAG, told), (AGAINST, against)):
            mlflow.set_model_version_tag(MODEL_NAME, number, name, value)
        mlflow.update_model_version(MODEL_NAME, number, _page(entity.tags, report))
        mlflow.set_tag(run_id, TAG, told)
        mlflow.log_dict(run_id, report.as_dict(), _file(report.version, report.champion))


def _page(tags: dict[str, str], report: GateReport) -> str:
    """The version's description: Markdown."""
    against = "no champion" if report.champion is None else f"champion {report.champion}"
    told = f"refused by {', '.join(report.failed)}" if report.failed else "passed"
    rows = [f"| {one.rule} | {GAP}{one.outcome} | {GAP}{one.sentence} |" for one in report.verdicts]
    return "\n".join(
        [
            f"{tags.get(run_values.MODEL)} trained on {tags.get('saldopas.dataset')}; the source "
            "run has the model card.",
            f"\n**Gate against {against}: {told}.** {report.compared}\n",
            f"| rule | {GAP}verdict | {GAP}why |",
            "|---|---|---|",
            *(row.replace("\n", " ") for row in rows),
        ]
    )


def _file(version: int, champion: int | None) -> str:
    against = NOBODY if champion is None else str(champion)
    return f"{FOLDER}/version-{version}-against-{against}.json"


def _earlier(
    mlflow: MlflowClient, entity: Any, champion: int | None, gate: GateInput
) -> GateReport | None:
    """What is kept of an earlier asking, where it was against this champion, as strict as now."""
    from mlflow.exceptions import MlflowException

    if champion is None or entity.tags.get(AGAINST) != str(champion):
        return None
    file = _file(int(entity.version), champion)
    try:
        with tempfile.TemporaryDirectory(prefix="saldopas-gate-") as folder:
            kept = Path(mlflow.download_artifacts(entity.run_id, file, folder))
            told = json.loads(kept.read_text("utf-8"))
    except (MlflowException, OSError):  # somebody removed the file: nothing is known
        return None
    same = told["settings"] == gate.config.model_dump(mode="json")
    return GateReport.from_dict(told) if same else None
