"""Reports of `evaluate` and `compare`: typed, as a frame, JSON, Markdown, a row a participant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from saldopas.features.tables import columns as c
from saldopas.training_pipeline.evaluating import markdown
from saldopas.training_pipeline.evaluating.comparison import Difference
from saldopas.training_pipeline.evaluating.decisions import Decisions, predicted
from saldopas.training_pipeline.evaluating.evaluation import Evaluation
from saldopas.training_pipeline.evaluating.intervals import Intervals, MeanInterval, Segments
from saldopas.training_pipeline.evaluating.measured import SEGMENT_METRICS, Measured
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class EvaluationReport:
    """One model, and popularity beside it where the model is an artifact.

    Attributes:
        model: its name; fitted: how it answered, see `docs/evaluation.md`.
        same_data: whether it was trained on this very dataset; None for given lists.
        evaluations: by policy (`chosen`, `popularity`), the quick metrics of a training.
        measured: by policy, all metrics of each decision.
        intervals: by policy, group (`all`, `warm`, `new`) and metric; what is known of too few
            participants is not there.
        segments: of the chosen policy.
        notes: what a reader should know, in words.
    """

    model: str
    fitted: str
    same_data: bool | None
    decisions: Decisions
    evaluations: dict[str, Evaluation]
    measured: dict[str, Measured]
    intervals: Intervals
    segments: list[Segments]
    config: EvaluationConfig
    notes: tuple[str, ...] = ()

    def interval(self, metric: str, *, group: str = "all", policy: str = "chosen") -> MeanInterval:
        """One metric with its interval.

        Raises:
            KeyError: it was not measured, or of fewer participants than may be shown.
        """
        return self.intervals[policy][group][metric]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "model": self.model,
            "fitted": self.fitted,
            "same_data": self.same_data,
            "evaluations": {
                name: one.summary(min_people=self.config.min_people)
                for name, one in self.evaluations.items()
            },
            "decisions": self.decisions.n_decisions,
            "participants": self.decisions.n_people,
            **predicted(self.decisions),
            "settings": self.config.model_dump(),
            "intervals": {
                policy: {
                    group: {metric: asdict(value) for metric, value in values.items()}
                    for group, values in groups.items()
                }
                for policy, groups in self.intervals.items()
            },
            "segments": [asdict(one) for one in self.segments],
            "notes": list(self.notes),
        }

    def as_markdown(self) -> str:
        """For `--out`."""
        return markdown.evaluation_page(
            title=f"{self.model}: {self.fitted}",
            about=markdown.about(self.decisions, self.config, self.notes),
            intervals=self.intervals,
            segments=self.segments,
        )

    def to_frame(self) -> pd.DataFrame:
        """A row a policy, group and metric: mean, low, high, cases, people."""
        return pd.DataFrame(
            [
                {"policy": policy, "group": group, "metric": metric, **asdict(value)}
                for policy, groups in self.intervals.items()
                for group, values in groups.items()
                for metric, value in values.items()
            ]
        )

    def plot(self) -> Figure:
        """The main metrics of each policy with their intervals."""
        from saldopas.training_pipeline.evaluating.report_figures import evaluation_figure

        return evaluation_figure(self._main(), title=self._title)

    def __repr__(self) -> str:
        lines = [
            f"{metric:<16}{policy:<12}{markdown.with_interval(groups['all'][metric])}"
            for policy, groups in self.intervals.items()
            for metric in SEGMENT_METRICS
            if metric in groups["all"]
        ]
        return "\n".join([self._title, *lines])

    def _repr_html_(self) -> str:
        return f"<p>{escape(self._title)}</p>{self._main().to_html(index=False)}"

    @property
    def _title(self) -> str:
        return (
            f"{self.model} ({self.fitted}): {self.decisions.n_decisions:,} decisions of "
            f"{self.decisions.n_people:,} participants"
        )

    def _main(self) -> pd.DataFrame:
        """The rows of `to_frame` of everybody and the metrics that are looked at first."""
        every = self.to_frame()
        return every[(every["group"] == "all") & every["metric"].isin(SEGMENT_METRICS)]

    def per_participant(self) -> pd.DataFrame:
        """A row a participant: decisions, and each policy's mean of every metric."""
        return per_participant(self.measured)


@dataclass(frozen=True, repr=False)
class ComparisonReport:
    """B against A on the same decisions.

    Attributes:
        a, b: all metrics of each decision; fitted: how each answered, A first.
        differences: B minus A, a line a metric of the family.
        segments: B minus A of some metrics by group.
        notes: what a reader should know, in words.
    """

    a: Measured
    b: Measured
    fitted: tuple[str, str]
    decisions: Decisions
    differences: list[Difference]
    segments: list[Segments]
    config: EvaluationConfig
    notes: tuple[str, ...] = ()

    def difference(self, metric: str) -> Difference:
        """The line of one metric.

        Raises:
            KeyError: it was not compared.
        """
        for one in self.differences:
            if one.metric == metric:
                return one
        raise KeyError(metric)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        cut = self.decisions.cut
        return {
            "a": {"name": self.a.name, "fitted": self.fitted[0]},
            "b": {"name": self.b.name, "fitted": self.fitted[1]},
            "cut": cut.name,
            "method": cut.method,
            "protocol": cut.protocol,
            "decisions": self.decisions.n_decisions,
            "participants": self.decisions.n_people,
            **predicted(self.decisions),
            "settings": self.config.model_dump(),
            "metrics": {
                one.metric: {**asdict(one), "relative": one.relative} for one in self.differences
            },
            "segments": [asdict(one) for one in self.segments],
            "notes": list(self.notes),
        }

    def as_markdown(self) -> str:
        """For `--out`."""
        return markdown.comparison_page(
            names=(self.a.name, self.b.name),
            about=markdown.about(self.decisions, self.config, self.notes),
            differences=self.differences,
            segments=self.segments,
            config=self.config,
        )

    def to_frame(self) -> pd.DataFrame:
        """A row a metric: the fields of `Difference`."""
        return pd.DataFrame([{**asdict(one), "relative": one.relative} for one in self.differences])

    def plot(self) -> Figure:
        """B minus A of each metric, in units of what a test would detect."""
        from saldopas.training_pipeline.evaluating.report_figures import comparison_figure

        return comparison_figure(self.to_frame(), title=self._title)

    def __repr__(self) -> str:
        lines = [
            f"{one.metric:<18}{one.difference:+.4f} ({one.low:+.4f} to {one.high:+.4f})  "
            f"{one.verdict}"
            for one in self.differences
        ]
        return "\n".join([self._title, *lines])

    def _repr_html_(self) -> str:
        columns = ["metric", "a", "b", "difference", "low", "high", "p_holm", "verdict"]
        return f"<p>{escape(self._title)}</p>{self.to_frame()[columns].to_html(index=False)}"

    @property
    def _title(self) -> str:
        return (
            f"{self.b.name} against {self.a.name}: {self.decisions.n_decisions:,} decisions of "
            f"{self.decisions.n_people:,} participants"
        )

    def per_participant(self) -> pd.DataFrame:
        """A row a participant: decisions, and the means of A and B of every metric."""
        return per_participant({"a": self.a, "b": self.b})


def per_participant(candidates: Mapping[str, Measured]) -> pd.DataFrame:
    """`participant_id`, `decisions`, and `<candidate>/<metric>`: the mean over their decisions.

    A mean is missing where none of the decisions has a value.
    """
    decisions = next(iter(candidates.values())).decisions
    rows, place = np.unique(decisions.people, return_inverse=True)
    about = pd.DataFrame(
        {
            c.PARTICIPANT_ID: decisions.data.people[c.PARTICIPANT_ID].to_numpy()[rows],
            "decisions": np.bincount(place),
        }
    )
    means = [
        measured.metrics.groupby(place).mean().add_prefix(f"{name}/").reset_index(drop=True)
        for name, measured in candidates.items()
    ]
    return pd.concat([about, *means], axis=1)
