"""`saldopas` in Python: what it answers, and that no result shows whose it is."""

from __future__ import annotations

import pandas as pd
import pytest
import saldopas
from matplotlib.figure import Figure
from saldopas import EvaluationConfig
from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c
from saldopas.training_pipeline.scoring.lists import score_participants
from saldopas.training_pipeline.training.record import TrainingRecord

from tests.small_world import SmallWorld

QUICK = EvaluationConfig(resamples=100, min_people=20)


@pytest.fixture(scope="module")
def model(small_record: TrainingRecord) -> saldopas.Model:
    return saldopas.load(small_record.artifact)


@pytest.fixture
def frame(small_record: TrainingRecord) -> pd.DataFrame:
    ids = small_record.data.people[c.PARTICIPANT_ID].iloc[[0, 700, 1900]]
    return pd.DataFrame({c.PARTICIPANT_ID: ids, c.BALANCE: [0, 300_000, None]})


def test_a_model_recommends_what_the_policy_answers(
    model: saldopas.Model, frame: pd.DataFrame
) -> None:
    lists = model.recommend(frame, n=7)
    ids = frame[c.PARTICIPANT_ID].tolist()
    right = score_participants(model.artifact, ids, [0, 300_000, None], n=7)
    pd.testing.assert_frame_equal(lists.to_frame(), right)
    assert not any(one in repr(lists) + lists._repr_html_() for one in ids)
    assert isinstance(lists.plot(), Figure)


def test_a_frame_that_cannot_be_used_is_refused(model: saldopas.Model, frame: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="participant_id"):
        model.recommend(frame[[c.BALANCE]])
    with pytest.raises(DataError, match="not whole money"):
        model.recommend(frame.assign(balance=[1.5, 2, 3]))
    with pytest.raises(DataError, match="n is 0"):
        model.recommend(frame, n=0)


def test_a_model_plans(model: saldopas.Model, frame: pd.DataFrame) -> None:
    plans = model.plan(frame[c.PARTICIPANT_ID].iloc[1], balance=1_000_000, max_courses=3)
    told = plans.to_frame()
    assert (told.groupby("plan")["price"].sum() <= 1_000_000).all()
    assert told.groupby("plan")["place"].max().max() <= 3
    assert frame[c.PARTICIPANT_ID].iloc[1] not in repr(plans) + plans._repr_html_()
    assert isinstance(plans.plot(), Figure)


def test_reports_are_short_in_a_notebook(model: saldopas.Model, small_world: SmallWorld) -> None:
    report = saldopas.evaluate(small_world.directory, model, config=QUICK)
    assert len(repr(report).splitlines()) < 10
    frame = report.to_frame()
    told = report.interval("ndcg@10")
    row = frame[(frame["policy"] == "chosen") & (frame["group"] == "all")]
    assert row[row["metric"] == "ndcg@10"]["mean"].item() == told.mean
    assert isinstance(report.plot(), Figure)
    against = saldopas.compare(model, model, data=small_world.directory, config=QUICK)
    assert (against.to_frame()["difference"] == 0).all()
    assert isinstance(against.plot(), Figure)
    assert against._repr_html_().startswith("<p>")
