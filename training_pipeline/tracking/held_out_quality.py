"""What a training's test cut says, with intervals and by segment: for its card and figures."""

from __future__ import annotations

from dataclasses import dataclass

from saldopas.features.splits.split import make_cuts
from saldopas.training_pipeline.evaluating.decisions import Decisions
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC
from saldopas.training_pipeline.evaluating.groups import grouping
from saldopas.training_pipeline.evaluating.intervals import (
    Intervals,
    Segments,
    intervals_of,
    segments_of,
)
from saldopas.training_pipeline.evaluating.markdown import about, evaluation_page
from saldopas.training_pipeline.evaluating.measured import Measured
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig
from saldopas.training_pipeline.training.record import TrainingRecord

SEGMENT_METRICS = (MAIN_METRIC, "recall@10")


@dataclass(frozen=True)
class HeldOutQuality:
    """The test cut of a training.

    Attributes:
        decisions: what was asked; measured: by policy, `chosen` and `popularity`.
        intervals: by policy, group and metric.
        segments: by policy: history length and every declared profile column.
        config: of the intervals, and the smallest group that is shown.
    """

    decisions: Decisions
    measured: dict[str, Measured]
    intervals: Intervals
    segments: dict[str, list[Segments]]
    config: EvaluationConfig

    def segments_by(self, metric: str, *, policy: str = "chosen") -> list[Segments]:
        """One metric by every column."""
        return [one for one in self.segments[policy] if one.metric == metric]

    def page(self, title: str) -> str:
        """Everything as Markdown, a table a group of people."""
        return evaluation_page(
            title=title,
            about=about(self.decisions, self.config, ()),
            intervals=self.intervals,
            segments=self.segments["chosen"],
        )


def held_out_quality(record: TrainingRecord) -> HeldOutQuality | None:
    """None where nothing was held out."""
    settings = record.evaluation
    manifest = record.manifest
    cuts = (
        make_cuts(record.data, manifest.split_config, seed=manifest.seed) if record.test else None
    )
    if cuts is None:
        return None
    decisions = Decisions(record.data, cuts[1])
    measured = {
        policy: Measured.of(policy, decisions, found.lists) for policy, found in record.test.items()
    }
    data = record.data
    columns = ("history", *(name for name in data.config.profile or {} if name in data.people))
    groupings = [grouping(decisions, column) for column in columns]
    return HeldOutQuality(
        decisions=decisions,
        measured=measured,
        intervals=intervals_of(measured, config=settings),
        segments={
            policy: [
                one
                for by in groupings
                for one in segments_of(
                    found.metrics, by, decisions.people, names=SEGMENT_METRICS, config=settings
                )
            ]
            for policy, found in measured.items()
        },
        config=settings,
    )
