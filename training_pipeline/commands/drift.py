"""`saldopas drift`: has the data moved since the model was trained?"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from saldopas.training_pipeline.commands.options import Json
from saldopas.training_pipeline.console import OUT, print_json, print_table, say

if TYPE_CHECKING:
    from saldopas.training_pipeline.drift.report import DriftReport


class FailOn(StrEnum):
    """From which verdict on the exit code is 1."""

    watch = "watch"
    drifted = "drifted"


def drift(
    old: Annotated[str, typer.Argument(metavar="OLD", help="Directory or database URL.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Directory or database URL.")],
    model: Annotated[
        str | None,
        typer.Option(
            help="Compare recommendations too: champion, challenger, previous, a version or a "
            "directory."
        ),
    ] = None,
    only_new: Annotated[
        bool,
        typer.Option("--only-new", help="NEW holds OLD too: compare only what was added."),
    ] = False,
    config: Annotated[
        Path | None, typer.Option(help="TOML with limits; see docs/drift.md.")
    ] = None,
    fail_on: Annotated[
        FailOn | None, typer.Option(help="Exit code 1 from this verdict on.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the report here (.md).")] = None,
    track: Annotated[
        bool, typer.Option("--track/--no-track", help="Log a run with plots and report.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Compare two datasets: profiles, prices, catalogue, purchases, recommendations.

    What chance alone puts between two samples is no drift. The exit code is 0 whatever is found,
    unless `--fail-on` says otherwise. Example: `saldopas drift data/march data/april`
    """
    from saldopas.training_pipeline.drift.config import VERDICTS, read_drift_config
    from saldopas.training_pipeline.drift.report import as_markdown, compare_sources
    from saldopas.training_pipeline.tracking.registry import resolve

    limits = read_drift_config(config)
    path = None if model is None else resolve(model)
    report = compare_sources(old, new, limits, model=path, only_new=only_new)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(as_markdown(report) + "\n", "utf-8")
        say(f"wrote {out}")
    run_id = _tracked(report) if track else None
    if as_json:
        print_json(report.as_json() | {"run_id": run_id})
    else:
        _print(report, run_id)
    if fail_on is not None and VERDICTS.index(report.verdict) >= VERDICTS.index(fail_on.value):
        raise typer.Exit(1)


def _tracked(report: DriftReport) -> str:
    from saldopas.training_pipeline.tracking.drift_run import track_drift

    return track_drift(report)


def _print(report: DriftReport, run_id: str | None) -> None:
    rows = [
        (
            found.area,
            found.item,
            found.measure,
            found.value,
            found.verdict,
            "" if found.verdict == "ok" else found.what,
        )
        for found in report.findings
    ]
    title = f"Drift from {report.old.name} to {report.new.name}: {report.verdict}"
    print_table(title, ("area", "item", "measure", "value", "verdict", "what moved"), rows)
    for note in report.notes:
        say(f"note: {note}")
    if run_id is not None:
        OUT.print(f"MLflow run {run_id}", markup=False)
