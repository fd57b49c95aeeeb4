"""The pyfunc model answers as the policy does, in a process that only has it installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from saldopas.features.tables import columns as c
from saldopas.models.artifact.artifact import load_artifact
from saldopas.training_pipeline.scoring.lists import score_participants
from saldopas.training_pipeline.tracking.promotion import promote

from tests.tracking.tracked import Tracked

FRESH = """
import json, sys
import mlflow
import pandas as pd
mlflow.set_tracking_uri(sys.argv[2])
model = mlflow.pyfunc.load_model("models:/course-recommender@champion")
asked = pd.DataFrame(json.loads(sys.argv[1]))
print(model.predict(asked, params={"n": 3}).to_json(orient="records"))

import saldopas
print(saldopas.load("champion").recommend(asked, n=3).to_frame().to_json(orient="records"))
"""


@pytest.fixture
def asked(tracked: Tracked) -> pd.DataFrame:
    """Three participants and a stranger, with balances from nothing to plenty."""
    ids = [*tracked.record.data.people[c.PARTICIPANT_ID].iloc[[0, 700, 1900]], "stranger"]
    return pd.DataFrame({c.PARTICIPANT_ID: ids, c.BALANCE: [0, 300_000, 1_000_000, 250_000]})


def expected(tracked: Tracked, asked: pd.DataFrame, n: int, *, balances: bool) -> pd.DataFrame:
    artifact = load_artifact(tracked.record.artifact)
    limits = asked[c.BALANCE].tolist() if balances else None
    return score_participants(artifact, asked[c.PARTICIPANT_ID].tolist(), limits, n=n)


def test_it_answers_as_the_policy_does(tracked: Tracked, asked: pd.DataFrame) -> None:
    import mlflow

    tracked.client  # noqa: B018 - points MLflow at the store
    model = mlflow.pyfunc.load_model("models:/course-recommender/1")
    with_balance = model.predict(asked, params={"n": 7})
    without = model.predict(asked[[c.PARTICIPANT_ID]])
    pd.testing.assert_frame_equal(with_balance, expected(tracked, asked, 7, balances=True))
    pd.testing.assert_frame_equal(without, expected(tracked, asked, 5, balances=False))
    assert list(with_balance.columns) == [c.PARTICIPANT_ID, c.RANK, c.COURSE_ID, c.SCORE, c.SOURCE]


def test_live_data_is_asked_at_the_clock(tracked: Tracked, asked: pd.DataFrame) -> None:
    """Many courses of the sample have closed since: `as_of = "now"` leaves them out."""
    from saldopas.training_pipeline.tracking.pyfunc_model import CourseRecommender

    artifact = load_artifact(tracked.record.artifact)
    live = artifact.manifest.dataset.model_copy(update={"as_of": "now"})
    model = CourseRecommender()
    model.artifact = replace(
        artifact, manifest=artifact.manifest.model_copy(update={"dataset": live})
    )
    told = model.predict(None, asked, {"n": 120})
    open_now = set(
        artifact.policy.courses.course_ids[artifact.policy.courses.on_sale_until_s > time.time()]
    )
    at_cutoff = expected(tracked, asked, 120, balances=True)
    assert set(told[c.COURSE_ID]) <= open_now
    assert not set(at_cutoff[c.COURSE_ID]) <= open_now


def test_no_course_at_all_cannot_be_asked_for(tracked: Tracked, asked: pd.DataFrame) -> None:
    import mlflow

    tracked.client  # noqa: B018
    model = mlflow.pyfunc.load_model("models:/course-recommender/1")
    with pytest.raises(ValueError, match="n is 0"):
        model.predict(asked, params={"n": 0})


@pytest.mark.slow
def test_the_champion_answers_in_a_folder_with_modules_of_the_same_names(
    tracked: Tracked, asked: pd.DataFrame, tmp_path: Path
) -> None:
    for name in ("features", "models", "serving", "store", "training_pipeline"):
        (tmp_path / f"{name}.py").write_text("raise ImportError(f'{__file__} was imported')\n")
    promote(tracked.runs[0].version)
    done = subprocess.run(
        [sys.executable, "-c", FRESH, asked.to_json(), f"sqlite:///{tracked.home}/mlflow.db"],
        cwd=tmp_path,
        env={**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{tracked.home}/mlflow.db"},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    told, loaded = (pd.DataFrame(json.loads(line)) for line in done.stdout.splitlines())
    pd.testing.assert_frame_equal(told, loaded)
    right = expected(tracked, asked, 3, balances=True)
    assert told[c.COURSE_ID].tolist() == right[c.COURSE_ID].tolist()
    assert told[c.SCORE].tolist() == pytest.approx(right[c.SCORE].tolist())
