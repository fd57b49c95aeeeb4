"""The files of a report: Markdown, a row a participant, TREC; refused before the work is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from saldopas.features.errors import DataError
from saldopas.training_pipeline.evaluating.measured import Measured
from saldopas.training_pipeline.evaluating.reports import ComparisonReport, EvaluationReport
from saldopas.training_pipeline.evaluating.trec import write_trec
from saldopas.training_pipeline.ingest.out_path import check_file, check_writable


@dataclass(frozen=True)
class Outputs:
    """Where a report goes; None: not asked for.

    Attributes:
        out: Markdown; per_participant: Parquet; trec: directory of runs and qrels.
    """

    out: Path | None = None
    per_participant: Path | None = None
    trec: Path | None = None

    def check(self) -> None:
        """Before anything is measured: can they be written?

        Raises:
            DataError: the per-participant file does not end in .parquet, a file is named where a
                directory is wanted or the other way round, or there is no right to write.
        """
        if self.per_participant is not None and self.per_participant.suffix != ".parquet":
            raise DataError(
                f"--per-participant {self.per_participant}: unknown kind of file",
                remedy="end it in .parquet",
            )
        for option, path in (("--out", self.out), ("--per-participant", self.per_participant)):
            if path is not None:
                check_file(option, path)
        if self.trec is not None:
            if self.trec.exists() and not self.trec.is_dir():
                raise DataError(f"--trec {self.trec} is a file", remedy="name a directory")
            check_writable("--trec", self.trec)

    def write(
        self, report: EvaluationReport | ComparisonReport, candidates: Mapping[str, Measured]
    ) -> None:
        """What was asked for; `candidates` name the TREC runs."""
        if self.out is not None:
            self.out.parent.mkdir(parents=True, exist_ok=True)
            self.out.write_text(report.as_markdown(), "utf-8")
        if self.per_participant is not None:
            self.per_participant.parent.mkdir(parents=True, exist_ok=True)
            report.per_participant().to_parquet(self.per_participant, index=False)
        if self.trec is not None:
            write_trec(self.trec, report.decisions, candidates)
