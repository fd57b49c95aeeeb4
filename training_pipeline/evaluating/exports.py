"""The files of a report: Markdown, a row a participant, TREC runs and qrels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c
from saldopas.training_pipeline.evaluating.decisions import Decisions
from saldopas.training_pipeline.evaluating.measured import Measured
from saldopas.training_pipeline.evaluating.reports import ComparisonReport, EvaluationReport
from saldopas.training_pipeline.ingest.files import check_file, check_writable

QRELS, TOPICS = "qrels.txt", "decisions.parquet"
NONE = "(none)"  # no course: in an encoded id the brackets would be %28 and %29


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
        """Write the requested files; `candidates` name the TREC runs."""
        if self.out is not None:
            self.out.parent.mkdir(parents=True, exist_ok=True)
            self.out.write_text(report.as_markdown(), "utf-8")
        if self.per_participant is not None:
            self.per_participant.parent.mkdir(parents=True, exist_ok=True)
            report.per_participant().to_parquet(self.per_participant, index=False)
        if self.trec is not None:
            write_trec(self.trec, report.decisions, candidates)


def write_trec(folder: Path, decisions: Decisions, candidates: Mapping[str, Measured]) -> None:
    """`qrels.txt`, `run-<candidate>.txt` each, and `decisions.parquet`, which names the queries.

    A query is a decision, `d0`, `d1`, ...: a participant may decide several times. The score of a
    line falls by one a rank, so that tools which sort by score keep the order. Course ids are
    percent-encoded, because the format knows no blanks inside a field.

    The format knows no empty list either, and tools leave a query that a run lacks out of the mean
    (trec_eval without `-c`) or refuse the run (ranx without `make_comparable`). So an empty list is
    one line of the course `(none)`, which nobody bought: a miss like any other.
    """
    folder.mkdir(parents=True, exist_ok=True)
    targets = decisions.cut.cases.targets
    courses = np.array([quote(one, safe="") for one in decisions.data.courses.course_ids], object)
    query = _queries(np.repeat(np.arange(decisions.n_decisions), np.diff(targets.indptr)))
    qrels = pd.DataFrame({"query": query, "0": 0, "course": courses[targets.indices], "rel": 1})
    _write(qrels, folder / QRELS)
    for name, measured in candidates.items():
        _write(_run(measured, courses, tag=name), folder / f"run-{name}.txt")
    _topics(decisions).to_parquet(folder / TOPICS, index=False)


def _run(measured: Measured, courses: NDArray[np.object_], *, tag: str) -> pd.DataFrame:
    lengths = np.diff(measured.lists.indptr)
    decision = np.repeat(np.arange(len(lengths)), lengths)
    rank = np.arange(lengths.sum()) - np.repeat(measured.lists.indptr[:-1], lengths)
    empty = np.flatnonzero(lengths == 0)
    listed = pd.DataFrame(
        {
            "decision": np.concatenate([decision, empty]),
            "course": np.concatenate(
                [courses[measured.lists.item_idx], np.full(len(empty), NONE, object)]
            ),
            "rank": np.concatenate([rank + 1, np.ones(len(empty), np.int64)]),
            "score": np.concatenate([lengths[decision] - rank, np.ones(len(empty), np.int64)]),
        }
    ).sort_values("decision", kind="stable")
    return pd.DataFrame(
        {
            "query": _queries(listed["decision"].to_numpy()),
            "q0": "Q0",
            "course": listed["course"].to_numpy(),
            "rank": listed["rank"].to_numpy(),
            "score": listed["score"].to_numpy(),
            "tag": tag,
        }
    )


def _topics(decisions: Decisions) -> pd.DataFrame:
    cases = decisions.cut.cases
    ids = decisions.data.people[c.PARTICIPANT_ID].to_numpy()[cases.row]
    return pd.DataFrame(
        {
            "query": _queries(np.arange(decisions.n_decisions)),
            c.PARTICIPANT_ID: ids,
            "as_of": pd.to_datetime(cases.as_of_s, unit="s", utc=True),
        }
    )


def _queries(numbers: np.ndarray[tuple[int], np.dtype[np.integer]]) -> list[str]:
    return [f"d{number}" for number in numbers.tolist()]


def _write(lines: pd.DataFrame, path: Path) -> None:
    lines.to_csv(path, sep=" ", header=False, index=False)
