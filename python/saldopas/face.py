"""What `saldopas` offers in Python: a loaded model, its answers, evaluation and comparison."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from saldopas.features.errors import DataError
from saldopas.features.requests.batch import request_moment
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import Dataset
from saldopas.models.artifact.artifact import Artifact, load_artifact
from saldopas.training_pipeline.evaluating import api
from saldopas.training_pipeline.evaluating.reports import ComparisonReport, EvaluationReport
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig
from saldopas.training_pipeline.scoring.lists import score_participants
from saldopas.training_pipeline.scoring.single import PlanOptions, plan_one
from saldopas.training_pipeline.tracking.registry import resolve

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EvaluationConfig", "Lists", "Model", "Plans", "compare", "evaluate", "load"]

MOST_SHOWN = 10  # courses of a figure or an HTML table


@dataclass(frozen=True, repr=False)
class Model:
    """A loaded artifact.

    Attributes:
        artifact: arrays, policy and manifest; path: its directory.
    """

    artifact: Artifact
    path: Path

    def recommend(self, frame: pd.DataFrame, *, n: int = 5, as_of: datetime | None = None) -> Lists:
        """The top `n` courses of each participant, none above the balance.

        Args:
            frame: `participant_id`, and maybe `balance` in whole units (missing: no limit). Without
                that column the balances are those that the artifact knows.
            n: how many courses, at least 1.
            as_of: the moment; by default the model's cut-off.

        Raises:
            DataError: a column is missing, a balance is not whole money, or `n` is below 1.
        """
        if c.PARTICIPANT_ID not in frame:
            raise DataError("missing", column=c.PARTICIPANT_ID, remedy="add the column")
        if n < 1:
            raise DataError(f"n is {n}", remedy="ask for 1 course or more")
        manifest = self.artifact.manifest
        found = score_participants(
            self.artifact,
            frame[c.PARTICIPANT_ID].astype(str).tolist(),
            _balances(frame[c.BALANCE]) if c.BALANCE in frame else None,
            n=n,
            as_of_s=request_moment(
                manifest.dataset, as_of, cutoff_s=manifest.cutoff_s, now_s=int(time.time())
            ),
        )
        return Lists(found, len(frame), manifest.model)

    def plan(
        self,
        participant_id: str,
        *,
        balance: int | None = None,
        n: int = 5,
        as_of: datetime | None = None,
        **wishes: Any,
    ) -> Plans:
        """Sets of courses that use up what is left.

        Args:
            participant_id: an unknown one gets popular courses.
            balance: whole units; by default what the artifact knows.
            n: how many single courses, where `rank_by` asks for any.
            as_of: the moment; by default the model's cut-off.
            wishes: as the options of `saldopas plan`: `max_courses`, `must_include`, `horizon`, ...

        Raises:
            DataError: no balance is known, or the wishes cannot be met.
        """
        options = PlanOptions(**wishes)
        return Plans(
            plan_one(
                self.path, participant_id, balance_rp=balance, options=options, n=n, as_of=as_of
            )
        )

    def __repr__(self) -> str:
        manifest = self.artifact.manifest
        learned = datetime.fromtimestamp(manifest.cutoff_s, UTC).date().isoformat()
        n_items = self.artifact.policy.courses.n_items
        return (
            f"Model {manifest.model} on {manifest.dataset.name}: {n_items:,} courses, "
            f"learned before {learned}"
        )


class _Answer:
    """Shows a result in a notebook: the line of `repr` above a table."""

    def to_frame(self) -> pd.DataFrame:
        """The result as a table."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>{self.summary().to_html()}"

    def summary(self) -> pd.DataFrame:
        """What is shown of it in a notebook."""
        return self.to_frame()


@dataclass(frozen=True, repr=False)
class Lists(_Answer):
    """Ranked courses of many participants.

    Attributes:
        frame: participant_id, rank (from 1), course_id, score, source.
        participants: how many were asked for; model: name of what answered.
    """

    frame: pd.DataFrame
    participants: int
    model: str

    def to_frame(self) -> pd.DataFrame:
        """A row a course of a list."""
        return self.frame.copy()

    def summary(self) -> pd.DataFrame:
        """How often the most listed courses stand in a list; no participant is named."""
        counts = self.frame[c.COURSE_ID].value_counts().head(MOST_SHOWN)
        return counts.rename("lists").to_frame()

    def plot(self) -> Figure:
        """The most listed courses."""
        counts = self.summary()["lists"][::-1]
        return _bars(repr(self), "most listed courses", counts.index.tolist(), counts.tolist())

    def __repr__(self) -> str:
        return (
            f"Lists of {self.model}: {len(self.frame):,} courses for {self.participants:,} "
            "participants"
        )


@dataclass(frozen=True, repr=False)
class Plans(_Answer):
    """Plans of one participant; `answer` is that of `POST /plan` and `saldopas plan --json`."""

    answer: dict[str, Any]

    def to_frame(self) -> pd.DataFrame:
        """A row a course of a plan, in the order of buying."""
        return pd.DataFrame(
            [
                {"plan": plan["name_en"], "place": place, **course}
                for plan in self.answer["alternatives"]
                for place, course in enumerate(plan["courses"], start=1)
            ]
        )

    def plot(self) -> Figure:
        """What each plan leaves over."""
        plans = self.answer["alternatives"][::-1]
        return _bars(
            "Plans",
            f"left over of {self.answer['balance']:,} {self.answer['currency']}",
            [plan["name_en"] for plan in plans],
            [plan["leftover"] for plan in plans],
        )

    def __repr__(self) -> str:
        plans = self.answer["alternatives"]
        told = ", ".join(
            f"{plan['name_en']} {len(plan['courses'])} courses, {plan['leftover']:,} left"
            for plan in plans
        )
        return f"Plans over {self.answer['balance']:,} {self.answer['currency']}: {told or 'none'}"


def load(model: str | Path = "champion") -> Model:
    """A model by name.

    Args:
        model: `champion`, `challenger`, `previous`, a version, a `models:/` address, or the
            directory of an artifact.

    Raises:
        DataError: there is no such model.
        ArtifactError: the artifact is damaged.
    """
    path = resolve(str(model))
    return Model(load_artifact(path), path)


def evaluate(
    data: str | Path | Dataset,
    model: Model | str | Path | pd.DataFrame = "champion",
    *,
    by: Sequence[str] = (),
    since: datetime | None = None,
    config: EvaluationConfig | None = None,
) -> EvaluationReport:
    """Measure a model on purchases that it has not seen; see `evaluating.api.evaluate`."""
    return api.evaluate(data, _candidate(model), by=by, since=since, config=config, find=resolve)


def compare(
    a: Model | str | Path | pd.DataFrame,
    b: Model | str | Path | pd.DataFrame,
    *,
    data: str | Path | Dataset,
    metrics: Sequence[str] = (),
    by: Sequence[str] = (),
    since: datetime | None = None,
    config: EvaluationConfig | None = None,
) -> ComparisonReport:
    """B against A on the same decisions; see `evaluating.api.compare`."""
    return api.compare(
        _candidate(a),
        _candidate(b),
        data=data,
        metrics=metrics,
        by=by,
        since=since,
        config=config,
        find=resolve,
    )


def _candidate(model: Model | str | Path | pd.DataFrame) -> api.Candidate:
    return model.path if isinstance(model, Model) else model


def _balances(values: pd.Series[Any]) -> list[int | None]:
    """Whole units, None where a value is missing."""
    numbers = pd.to_numeric(values, errors="coerce")
    wrong = (numbers.isna() & values.notna()) | (numbers < 0) | (numbers % 1 != 0) & numbers.notna()
    if wrong.any():
        row = int(wrong.to_numpy().argmax()) + 1
        raise DataError(
            "not whole money", column=c.BALANCE, row=row, remedy="give whole units of 0 or more"
        )
    return [None if pd.isna(one) else int(one) for one in numbers]


def _bars(title: str, subtitle: str, names: Sequence[str], values: Sequence[float]) -> Figure:
    from saldopas.training_pipeline.evaluating import plot_style as style

    figure, (axis,) = style.new_figure(title, subtitle, height=1.6 + 0.34 * max(len(names), 1))
    axis.barh(range(len(names)), values, color=style.CHOSEN)
    axis.set_yticks(range(len(names)), names)
    axis.grid(axis="x", color="#e9ecef")
    axis.grid(visible=False, axis="y")
    return figure
