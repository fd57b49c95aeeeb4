"""The files of a report: Markdown, a row a participant, TREC."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from features.errors import DataError
from training_pipeline.evaluating.measured import Measured
from training_pipeline.evaluating.reports import ComparisonReport, EvaluationReport
from training_pipeline.evaluating.trec import write_trec


def export(
    report: EvaluationReport | ComparisonReport,
    candidates: Mapping[str, Measured],
    *,
    out: Path | None,
    per_participant: Path | None,
    trec: Path | None,
) -> None:
    """Write what was asked for; `candidates` name the TREC runs.

    Raises:
        DataError: the per-participant file does not end in .parquet.
    """
    if per_participant is not None and per_participant.suffix != ".parquet":
        raise DataError(
            f"{per_participant}: unknown kind of file", remedy="end --per-participant in .parquet"
        )
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(report.as_markdown(), "utf-8")
    if per_participant is not None:
        per_participant.parent.mkdir(parents=True, exist_ok=True)
        report.per_participant().to_parquet(per_participant, index=False)
    if trec is not None:
        write_trec(trec, report.decisions, candidates)
