"""A comparison of two datasets as a run: verdict as tags, values as metrics, report and plots."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from saldopas.training_pipeline.drift.plots import figures_of
from saldopas.training_pipeline.drift.report import DriftReport, as_markdown
from saldopas.training_pipeline.tracking.runs import (
    FINGERPRINT,
    open_run,
    save_figures,
    source_tags,
)
from saldopas.training_pipeline.training.record import code_version

DRIFT = "drift"
MOST_TAG = 500  # characters of the names that drifted


def track_drift(report: DriftReport) -> str:
    """Log the report to the experiment of NEW's dataset; returns the run's id.

    Raises:
        RunFailedError: the store refuses.
    """
    name = f"drift {report.verdict} {datetime.now(UTC):%Y-%m-%d %H:%M}"
    with open_run(report.new.name, name, _tags(report)) as run:
        metrics = {
            _metric(found.area, found.item, found.measure): found.value for found in report.findings
        }
        run.log(metrics, _params(report))
        with run.files() as folder:
            save_figures(figures_of(report), folder)
            (folder / "report.md").write_text(as_markdown(report) + "\n", "utf-8")
            text = json.dumps(report.as_json(), indent=1, ensure_ascii=False, allow_nan=False)
            (folder / "report.json").write_text(text + "\n", "utf-8")
    return run.run_id


def _tags(report: DriftReport) -> dict[str, str]:
    return {
        **source_tags("drift", DRIFT),
        FINGERPRINT: report.new.fingerprint,
        "saldopas.old_fingerprint": report.old.fingerprint,
        "saldopas.dataset": report.new.name,
        "saldopas.code_version": code_version(),
        "saldopas.drift": report.verdict,
        "saldopas.drifted": ", ".join(report.drifted)[:MOST_TAG],
        "mlflow.note.content": as_markdown(report),
    }


def _params(report: DriftReport) -> dict[str, object]:
    params: dict[str, object] = {"only_new": report.only_new, "model": report.model or "none"}
    for side, counts in (("old", report.old), ("new", report.new)):
        params |= {f"{side}.{name}": value for name, value in vars(counts).items()}
    for name, value in report.config.model_dump(mode="json").items():
        params |= (
            {f"limit.{name}.{part}": limit for part, limit in value.items()}
            if isinstance(value, dict)
            else {f"config.{name}": value}
        )
    return params


def _metric(area: str, item: str, measure: str) -> str:
    """A name that MLflow takes: `profiles/education/psi`."""
    return "/".join(
        re.sub(r"[^a-z0-9]+", "_", part.lower()).strip("_") for part in (area, item, measure)
    )
