"""A comparison of two datasets as a run: verdict, values, report, and figures of the moves."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from saldopas.training_pipeline.drift.config import VERDICTS
from saldopas.training_pipeline.drift.finding import DriftFinding
from saldopas.training_pipeline.drift.report import DriftReport, as_markdown
from saldopas.training_pipeline.evaluating import plot_style as style
from saldopas.training_pipeline.tracking.runs import (
    FINGERPRINT,
    open_run,
    save_figures,
    source_tags,
)
from saldopas.training_pipeline.training.record import code_version

DRIFT = "drift"
MOST_TAG = 500  # characters of the names that drifted
COLOURS = {"ok": style.CHOSEN, "watch": "#f59f00", "drifted": "#c92a2a"}
PANELS = 6
BARS = 8
LIMIT = 3.0


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


def figures_of(report: DriftReport) -> dict[str, Figure]:
    """Every figure by its file name."""
    figures = {"1-findings": findings(report)}
    moved = largest_moves(report)
    return figures | ({} if moved is None else {"2-largest-moves": moved})


def findings(report: DriftReport) -> Figure:
    """A bar a finding, in multiples of the value from which it drifts."""
    shown = report.findings[::-1]
    figure, (axis,) = style.new_figure(
        f"Drift from {report.old.name} to {report.new.name}: {report.verdict}",
        f"Each value over the one from which it is a drift, cut at {LIMIT:g}",
        height=1.8 + 0.34 * len(shown),
    )
    for place, found in enumerate(shown):
        length = min(found.value / found.limits.drifted, LIMIT)
        axis.barh(place, length, 0.62, color=COLOURS[found.verdict])
        axis.annotate(
            f"{found.value:.3f}",
            (length, place),
            (4, 0),
            textcoords="offset points",
            va="center",
            size=9.5,
            color=style.INK,
        )
    names = [f"{found.area}: {found.item}, {found.measure}" for found in shown]
    axis.set_yticks(range(len(shown)), names)
    axis.tick_params(axis="y", labelsize=9)
    axis.axvline(1, color=style.MUTED, linewidth=1.2, linestyle="--")
    axis.set_xlim(0, LIMIT + 0.3)
    axis.set_ylim(-0.7, len(shown) - 0.3)
    axis.set_xlabel("value over the limit of a drift")
    axis.grid(axis="x", color="#e9ecef")
    axis.grid(visible=False, axis="y")
    for verdict in VERDICTS:
        axis.barh(0, 0, color=COLOURS[verdict], label=verdict)
    axis.legend(loc="lower right", **style.LEGEND)
    return figure


def largest_moves(report: DriftReport) -> Figure | None:
    """Old and new shares of the items that moved most; None where nothing has categories."""
    by_item = {found.item: found for found in report.findings if found.mix is not None}
    ranked = sorted(by_item.values(), key=lambda f: -f.value / f.limits.drifted)[:PANELS]
    if not ranked:
        return None
    rows = -(-len(ranked) // 2)
    figure, axes = style.new_figure(
        "Shares in OLD and in NEW", "The items that moved most", columns=2, rows=rows,
        height=1.2 + 2.9 * rows,
    )  # fmt: skip
    for axis, found in zip(axes, ranked, strict=False):
        _move_panel(axis, found)
    for axis in axes[len(ranked) :]:
        axis.set_visible(False)
    axes[0].legend(loc="best", **style.LEGEND)
    return figure


def _move_panel(axis: Axes, found: DriftFinding) -> None:
    mix = found.mix
    if mix is None:
        return
    old, new = mix.old / max(mix.old.sum(), 1), mix.new / max(mix.new.sum(), 1)
    moved = np.argsort(-np.abs(new - old), kind="stable")[:BARS]
    chosen = np.sort(moved)[::-1]
    places = np.arange(len(chosen))
    axis.barh(places + 0.2, old[chosen], 0.38, color=style.POPULARITY, label="OLD")
    axis.barh(places - 0.2, new[chosen], 0.38, color=style.CHOSEN, label="NEW")
    axis.set_yticks(places, [mix.labels[i][:28] for i in chosen])
    axis.tick_params(labelsize=8.5)
    style.per_cent(axis, x=True)
    style.panel_title(axis, f"{found.item}: {found.measure} {found.value:.3f}, {found.verdict}")
