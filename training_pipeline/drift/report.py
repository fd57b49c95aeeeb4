"""The report as Markdown, for a person and for MLflow's description."""

from __future__ import annotations

from collections.abc import Iterator

from saldopas.training_pipeline.drift.compare import DriftReport
from saldopas.training_pipeline.drift.finding import Finding

COLUMNS = ("area", "item", "measure", "value", "watch", "drifted", "verdict", "what moved")


def as_markdown(report: DriftReport) -> str:
    """Verdict, what was compared, a table of findings, and how to read it."""
    return "\n\n".join(
        [
            f"# Drift from {report.old.name} to {report.new.name}: {report.verdict}",
            _head(report),
            *(f"> {note}" for note in report.notes),
            "\n".join(_table(report)),
            _reading(report),
        ]
    )


def cells(found: Finding) -> tuple[str, ...]:
    """One finding in the order of `COLUMNS`."""
    return (
        found.area,
        found.item,
        found.measure,
        f"{found.value:.3f}",
        f"{found.limits.watch:g}",
        f"{found.limits.drifted:g}",
        found.verdict,
        found.what,
    )


def _head(report: DriftReport) -> str:
    drifted = f"Drifted: {', '.join(report.drifted)}." if report.drifted else "Nothing drifted."
    lines = [drifted, "", "| | OLD | NEW |", "|---|--:|--:|"]
    words = " (only what OLD does not hold)" if report.only_new else ""
    for name in ("participants", "courses_on_sale", "purchases"):
        old, new = getattr(report.old, name), getattr(report.new, name)
        lines.append(f"| {name.replace('_', ' ')} | {old:,} | {new:,}{words} |")
    marks = (report.old.fingerprint[:16], report.new.fingerprint[:16])
    lines.append(f"| fingerprint | `{marks[0]}` | `{marks[1]}` |")
    return "\n".join(lines)


def _table(report: DriftReport) -> Iterator[str]:
    yield "| " + " | ".join(COLUMNS) + " |"
    yield "|---|---|---|--:|--:|--:|---|---|"
    for found in report.findings:
        marked = [cell.replace("|", "\\|") for cell in cells(found)]
        if found.verdict != "ok":
            marked[6] = f"**{marked[6]}**"
        yield "| " + " | ".join(marked) + " |"


def _reading(report: DriftReport) -> str:
    return (
        "PSI and JS are given without what chance alone puts between two samples of these sizes; "
        f"a shift that chance makes more often than {report.config.alpha:g} is ok. Purchases of "
        "one participant count as one piece of evidence. See `docs/drift.md`."
    )
