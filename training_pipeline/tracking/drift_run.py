"""A comparison of two datasets as a run: verdict as tags, values as metrics, report and plots."""

from __future__ import annotations

import json
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from saldopas.training_pipeline.tracking import store
from saldopas.training_pipeline.tracking.run_values import experiment_of
from saldopas.training_pipeline.tracking.tuning_run import FINGERPRINT, KIND
from saldopas.training_pipeline.training.record import code_version

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from saldopas.training_pipeline.drift.report import DriftReport

DRIFT = "drift"
MOST_TAG = 500  # characters of the names that drifted


def track_drift(report: DriftReport) -> str:
    """Log the report to the experiment of NEW's dataset; returns the run's id.

    A run that could not be logged to its end is left as FAILED.

    Raises:
        RunFailedError: the store refuses.
    """
    mlflow = store.connect()
    with store.mlflow_errors():
        experiment_id = experiment_of(mlflow, report.new.name)
        run_id = str(
            mlflow.create_run(experiment_id, run_name=_name(report), tags=_tags(report)).info.run_id
        )
        try:
            _log(mlflow, report, run_id)
        except BaseException:
            mlflow.set_terminated(run_id, "FAILED")
            raise
        mlflow.set_terminated(run_id, "FINISHED")
    return run_id


def _name(report: DriftReport) -> str:
    return f"drift {report.verdict} {datetime.now(UTC):%Y-%m-%d %H:%M}"


def _tags(report: DriftReport) -> dict[str, str]:
    from saldopas.training_pipeline.drift.report import as_markdown

    return {
        KIND: DRIFT,
        FINGERPRINT: report.new.fingerprint,
        "saldopas.old_fingerprint": report.old.fingerprint,
        "saldopas.dataset": report.new.name,
        "saldopas.code_version": code_version(),
        "saldopas.drift": report.verdict,
        "saldopas.drifted": ", ".join(report.drifted)[:MOST_TAG],
        "mlflow.source.name": "saldopas drift",
        "mlflow.source.type": "LOCAL",
        "mlflow.note.content": as_markdown(report),
    }


def _log(mlflow: MlflowClient, report: DriftReport, run_id: str) -> None:
    from mlflow.entities import Metric, Param
    from mlflow.utils.time import get_current_time_millis

    now = get_current_time_millis()
    metrics = [
        Metric(_metric(found.area, found.item, found.measure), found.value, now, 0)
        for found in report.findings
    ]
    params = {"only_new": report.only_new, "model": report.model or "none"}
    for side, counts in (("old", report.old), ("new", report.new)):
        params |= {f"{side}.{name}": value for name, value in vars(counts).items()}
    for name, value in report.config.model_dump(mode="json").items():
        params |= (
            {f"limit.{name}.{part}": limit for part, limit in value.items()}
            if isinstance(value, dict)
            else {f"config.{name}": value}
        )
    mlflow.log_batch(
        run_id,
        metrics=metrics,
        params=[Param(name, str(value)) for name, value in params.items()],
    )
    _log_files(mlflow, report, run_id)


def _metric(area: str, item: str, measure: str) -> str:
    """A name that MLflow takes: `profiles/education/psi`."""
    return "/".join(
        re.sub(r"[^a-z0-9]+", "_", part.lower()).strip("_") for part in (area, item, measure)
    )


def _log_files(mlflow: MlflowClient, report: DriftReport, run_id: str) -> None:
    from saldopas.training_pipeline.drift.plots import figures_of
    from saldopas.training_pipeline.drift.report import as_markdown

    with tempfile.TemporaryDirectory(prefix="saldopas-drift-") as folder:
        plots = Path(folder) / "plots"
        plots.mkdir()
        for name, figure in figures_of(report).items():
            figure.savefig(plots / f"{name}.png", dpi=130)
        (Path(folder) / "report.md").write_text(as_markdown(report) + "\n", "utf-8")
        text = json.dumps(report.as_json(), indent=1, ensure_ascii=False, allow_nan=False)
        (Path(folder) / "report.json").write_text(text + "\n", "utf-8")
        mlflow.log_artifacts(run_id, folder)
