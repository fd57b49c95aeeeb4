"""Everything that is compared between two datasets, in one report; as JSON and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saldopas.features.tables.dataset import Dataset
from saldopas.models.artifact.artifact import Artifact, load_artifact
from saldopas.training_pipeline.console import say
from saldopas.training_pipeline.drift.config import VERDICTS, DriftConfig, Verdict
from saldopas.training_pipeline.drift.finding import DriftFinding, worst
from saldopas.training_pipeline.drift.recommendations import recommendation_findings
from saldopas.training_pipeline.drift.sides import MUCH, OneSide, make_sides, shared_purchases
from saldopas.training_pipeline.drift.tables import (
    catalogue_findings,
    price_findings,
    profile_findings,
    purchase_findings,
)
from saldopas.training_pipeline.ingest.erased_people import open_dataset

COLUMNS = ("area", "item", "measure", "value", "watch", "drifted", "verdict", "what moved")


@dataclass(frozen=True)
class DatasetCounts:
    """Size of what was compared of one dataset."""

    name: str
    fingerprint: str
    participants: int
    courses_on_sale: int
    purchases: int


@dataclass(frozen=True)
class DriftReport:
    """The findings, worst first within each area, and what they rest on.

    Attributes:
        only_new: whether only what OLD does not hold was taken of NEW.
        model: the reference for recommendations, None where none was asked for.
        notes: what a reader should know before believing it.
    """

    old: DatasetCounts
    new: DatasetCounts
    findings: tuple[DriftFinding, ...]
    config: DriftConfig
    only_new: bool
    model: str | None
    notes: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of all."""
        return worst([found.verdict for found in self.findings])

    @property
    def drifted(self) -> tuple[str, ...]:
        """Items that drifted, each once."""
        names = [f.item for f in self.findings if f.verdict == "drifted"]
        return tuple(dict.fromkeys(names))

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "verdict": self.verdict,
            "drifted": list(self.drifted),
            "old": vars(self.old),
            "new": vars(self.new),
            "only_new": self.only_new,
            "model": self.model,
            "notes": list(self.notes),
            "findings": [found.as_json() for found in self.findings],
        }


def compare_sources(
    old: str,
    new: str,
    config: DriftConfig,
    *,
    model: Path | None = None,
    only_new: bool = False,
) -> DriftReport:
    """Read both datasets, and the artifact at `model`, and compare.

    Raises:
        DataError: a dataset cannot be used, or the two cannot be compared.
        ArtifactError: the artifact is damaged.
    """
    artifact = None if model is None else load_artifact(model)
    datasets = []
    for source in (old, new):
        say(f"reading {source.split('@')[-1]}")
        datasets.append(open_dataset(source))
    return compare(datasets[0], datasets[1], config, artifact=artifact, only_new=only_new)


def compare(
    old: Dataset,
    new: Dataset,
    config: DriftConfig,
    *,
    artifact: Artifact | None = None,
    only_new: bool = False,
) -> DriftReport:
    """How far NEW has moved from OLD; refuses as `make_sides` does."""
    before, after = make_sides(old, new, only_new=only_new)
    findings = [
        *profile_findings(before, after, config),
        *price_findings(before, after, config),
        *catalogue_findings(before, after, config),
        *purchase_findings(before, after, config),
    ]
    if artifact is not None:
        findings += recommendation_findings(before, after, artifact, config)
    areas = list(dict.fromkeys(found.area for found in findings))
    findings.sort(key=lambda f: (areas.index(f.area), -VERDICTS.index(f.verdict)))
    return DriftReport(
        old=_counts(before),
        new=_counts(after),
        findings=tuple(findings),
        config=config,
        only_new=only_new,
        model=None if artifact is None else artifact.manifest.model,
        notes=tuple(_notes(before, after, only_new=only_new)),
    )


def _counts(side: OneSide) -> DatasetCounts:
    return DatasetCounts(
        name=side.dataset.config.name,
        fingerprint=side.dataset.fingerprint,
        participants=int(side.people.sum()),
        courses_on_sale=len(side.on_sale),
        purchases=int(side.bought.sum()),
    )


def _notes(old: OneSide, new: OneSide, *, only_new: bool) -> list[str]:
    notes = []
    if old.dataset.fingerprint == new.dataset.fingerprint:
        notes.append("OLD and NEW are the same data")
    elif not only_new and (share := shared_purchases(old.dataset, new.dataset)) > MUCH:
        notes.append(
            f"NEW holds {share:.0%} of OLD's purchases, so every shift is diluted: --only-new "
            "compares what was added".replace("%", " %", 1)
        )
    gone = _columns(old) - _columns(new)
    if gone:
        notes.append(f"NEW has no column {', '.join(sorted(gone))} of participants")
    came = _columns(new) - _columns(old)
    if came:
        notes.append(f"OLD has no column {', '.join(sorted(came))} of participants")
    return notes


def _columns(side: OneSide) -> set[str]:
    return {str(name) for name in side.dataset.participants.columns}


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


def cells(found: DriftFinding) -> tuple[str, ...]:
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
