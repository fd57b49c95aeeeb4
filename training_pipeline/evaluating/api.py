"""`evaluate` and `compare`: models or given recommendations on purchases they have not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd
from saldopas.features.errors import DataError
from saldopas.features.tables.dataset import Dataset
from saldopas.models.artifact.artifact import Artifact, load_artifact
from saldopas.models.policy.policy import Recommendations
from saldopas.training_pipeline.evaluating.backtest import (
    SUFFIXES,
    Backtest,
    GivenLists,
    given_lists,
    read_recommendations,
)
from saldopas.training_pipeline.evaluating.comparison import differences, segment_differences
from saldopas.training_pipeline.evaluating.evaluation import (
    CHOSEN,
    Evaluation,
    evaluate_beside_popularity,
    evaluate_lists,
)
from saldopas.training_pipeline.evaluating.groups import grouping
from saldopas.training_pipeline.evaluating.intervals import intervals_of, segments_of
from saldopas.training_pipeline.evaluating.measured import (
    FAMILY,
    SEGMENT_METRICS,
    Measured,
    known_metrics,
)
from saldopas.training_pipeline.evaluating.reports import ComparisonReport, EvaluationReport
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig
from saldopas.training_pipeline.ingest.erased_people import open_dataset

Data = str | Path | Dataset
Candidate = str | Path | pd.DataFrame
Find = Callable[[str], Path]  # from a model's name to the directory of its artifact
GIVEN = "given lists"


def evaluate(
    data: Data,
    model: Candidate = "champion",
    *,
    by: Sequence[str] = (),
    since: datetime | None = None,
    config: EvaluationConfig | None = None,
    find: Find = Path,
) -> EvaluationReport:
    """Measure a model on purchases that it has not seen, with intervals over participants.

    Args:
        data: a directory, a database URL or a dataset that was read.
        model: `champion`, `challenger`, `previous`, a version, the directory of an artifact, or
            recommendations: a table, .parquet or .csv with `participant_id`, `rank`, `course_id`.
        by: segments: `history`, `price`, `balance`, `course-age` or profile columns.
        since: predict what was bought from this moment on; by default what follows the model's
            cut-off, else the test cut.
        config: intervals, tests and the smallest group that is shown.
        find: looks up models by name; by default only directories are models.

    Raises:
        DataError: the data or the recommendations cannot be used.
        ArtifactError: the artifact is damaged.
    """
    settings = config or EvaluationConfig()
    candidate = _Side.load(model, find)
    dataset, backtest = _backtest(data, [candidate], since)
    decisions = backtest.decisions
    groupings = [grouping(decisions, column) for column in by]
    found, notes = candidate.evaluations(backtest)
    measured = {name: Measured.of(name, decisions, one.lists) for name, one in found.items()}
    chosen = measured[CHOSEN]
    names = [name for name in SEGMENT_METRICS if name in chosen.metrics]
    artifact = candidate.artifact
    return EvaluationReport(
        model=artifact.manifest.model if artifact else candidate.name,
        fitted=candidate.fitted(backtest),
        same_data=dataset.fingerprint == artifact.manifest.fingerprint if artifact else None,
        decisions=decisions,
        evaluations=found,
        measured=measured,
        intervals=intervals_of(measured, config=settings),
        segments=[
            one
            for columns in groupings
            for one in segments_of(
                chosen.metrics, columns, decisions.people, names=names, config=settings
            )
        ],
        config=settings,
        notes=notes,
    )


def compare(
    a: Candidate,
    b: Candidate,
    *,
    data: Data,
    metrics: Sequence[str] = (),
    by: Sequence[str] = (),
    since: datetime | None = None,
    config: EvaluationConfig | None = None,
    find: Find = Path,
) -> ComparisonReport:
    """B against A on the same decisions: differences, intervals, tests, detectable differences.

    Args:
        a, b: as `model` of `evaluate`.
        data: as for `evaluate`.
        metrics: the family that is tested and corrected for; by default the usual ones at 10.
        by: segments of the difference, as for `evaluate`.
        since: predict what was bought from this moment on; by default what follows both cut-offs,
            else the test cut of A's split, for which both are fitted again.
        config: intervals, tests and the smallest group that is shown.
        find: as for `evaluate`.

    Raises:
        DataError: the data, the recommendations or the names of metrics cannot be used.
        ArtifactError: an artifact is damaged.
    """
    settings = config or EvaluationConfig()
    sides = [_Side.load(a, find), _Side.load(b, find)]
    _, backtest = _backtest(data, sides, since)
    decisions = backtest.decisions
    if decisions.n_people < 2:
        raise DataError(
            "one participant alone decides: nothing can be compared", remedy="add purchases"
        )
    groupings = [grouping(decisions, column) for column in by]
    measured, notes = [], []
    for letter, side in zip("AB", sides, strict=True):
        lists, remarks = side.lists(backtest)
        measured.append(Measured.of(side.name, decisions, lists))
        notes += [f"{letter}: {remark}" for remark in remarks]
    ours, theirs = measured[1], measured[0]
    known = [name for name in theirs.names if name in ours.names]
    family = known_metrics(metrics, known) or tuple(name for name in FAMILY if name in known)
    names = [name for name in SEGMENT_METRICS if name in known]
    found = differences(theirs, ours, names=family, config=settings)
    told = {one.metric for one in found}
    notes += [
        f"{name} is not told: fewer than {settings.min_people} participants have a value."
        for name in family
        if name not in told
    ]
    return ComparisonReport(
        a=theirs,
        b=ours,
        fitted=(sides[0].fitted(backtest), sides[1].fitted(backtest)),
        decisions=decisions,
        differences=found,
        segments=[
            one
            for columns in groupings
            for one in segment_differences(theirs, ours, columns, names=names, config=settings)
        ],
        config=settings,
        notes=tuple(notes),
    )


@dataclass(frozen=True)
class _Side:
    """An artifact, or a table of recommendations."""

    name: str
    artifact: Artifact | None = None
    table: pd.DataFrame | None = None

    @classmethod
    def load(cls, given: Candidate, find: Find) -> _Side:
        """Read what was given."""
        if isinstance(given, pd.DataFrame):
            return cls("recommendations", table=given)
        path = Path(given)
        if path.suffix in SUFFIXES and not path.is_dir():
            return cls(path.name, table=read_recommendations(path))
        name = path.name if path.is_dir() else str(given)
        return cls(name, artifact=load_artifact(find(str(given))))

    def fitted(self, backtest: Backtest) -> str:
        """How it answers here, in words."""
        return backtest.fitted if self.artifact else GIVEN

    def lists(self, backtest: Backtest) -> tuple[Recommendations, list[str]]:
        """Its answer to each decision, and remarks for a reader."""
        if self.artifact is not None:
            return backtest.lists_of(self.artifact), []
        assert self.table is not None, "a candidate is an artifact or a table"
        given = given_lists(self.table, backtest.decisions)
        return given.lists, list(_remarks(given, backtest.decisions.n_people))

    def evaluations(self, backtest: Backtest) -> tuple[dict[str, Evaluation], tuple[str, ...]]:
        """By policy; popularity beside an artifact."""
        if self.artifact is not None:
            return evaluate_beside_popularity(*backtest.policy_of(self.artifact)), ()
        lists, notes = self.lists(backtest)
        decisions = backtest.decisions
        return {CHOSEN: evaluate_lists(lists, decisions.data, decisions.cut)}, tuple(notes)


def _backtest(
    data: Data, candidates: Sequence[_Side], since: datetime | None
) -> tuple[Dataset, Backtest]:
    dataset = data if isinstance(data, Dataset) else open_dataset(data)
    artifacts = [one.artifact for one in candidates if one.artifact is not None]
    return dataset, Backtest.of(dataset, artifacts, since=since)


def _remarks(given: GivenLists, n_people: int) -> Iterator[str]:
    share = given.people / n_people
    yield (
        f"The table has a list for {given.people:,} of the {n_people:,} participants who decide "
        f"({share:.1%}); {given.without_list:,} decisions of the others count as misses."
    )
    if given.unknown_people or given.unknown_courses:
        yield (
            f"{given.unknown_people:,} of its participants and {given.unknown_courses:,} of its "
            "courses are not in the data."
        )
    yield f"{given.refused:,} listed courses could not be bought at the moment and were taken out."
    yield (
        "Nothing here can tell whether the lists were made before the purchases they are "
        "measured on."
    )
