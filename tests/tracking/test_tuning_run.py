"""A tuning is found in MLflow while it runs, when it has ended and after it was killed."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from saldopas.features.errors import DataError
from saldopas.features.tables.dataset import read_dataset
from saldopas.models.policy.recipe import Recipe, StageRecipe
from saldopas.models.recommenders.item_neighbours import ItemNeighboursConfig
from saldopas.training_pipeline.commands.train import tune as command
from saldopas.training_pipeline.console import RunFailedError
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC, evaluate_policy
from saldopas.training_pipeline.tracking.store import connect
from saldopas.training_pipeline.tracking.tuning_log import one_at_a_time, tune_and_track
from saldopas.training_pipeline.tracking.tuning_run import TUNED, newest_tuning
from saldopas.training_pipeline.training.config import TrainingConfig, read_training_config
from saldopas.training_pipeline.tuning.outcome import TuningOutcome
from saldopas.training_pipeline.tuning.tune import Effort

from tests.small_world import SmallWorld

NEIGHBOURS = TrainingConfig(model="item-neighbours")
POPULARITY = TrainingConfig(model="popularity")
SALDOPAS = Path(sys.executable).with_name("saldopas")


def told(outcome: TuningOutcome) -> list[tuple[Any, ...]]:
    return [
        (one.model, one.number, one.state, one.config, one.by_window) for one in outcome.attempts
    ]


def children(run_id: str) -> list[Any]:
    client = connect()
    experiment = client.get_run(run_id).info.experiment_id
    found = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{run_id}'")
    return sorted(found, key=lambda child: child.info.run_name)


def test_the_first_trial_is_what_the_defaults_are_worth_on_each_window(
    tuned: TuningOutcome,
) -> None:
    plan, first = tuned.plan, tuned.attempts[0]
    stages = (("history", "item-neighbours"), ("popular", "popularity"))
    recipe = Recipe(stages=tuple(StageRecipe(source=source, model=name) for source, name in stages))
    values = [
        evaluate_policy(recipe.fit(window.train, seed=plan.config.seed), plan.data, window).mean(
            MAIN_METRIC, "warm"
        )
        for window in plan.windows
    ]
    assert first.config == ItemNeighboursConfig().model_dump()
    assert list(first.by_window) == pytest.approx(values)


def test_windows_are_judged_on_that_end_before_test_and_have_enough_of_both_kinds(
    tuned: TuningOutcome, small_world: SmallWorld
) -> None:
    """Three were asked for; the earliest of the small sample has two decisions with a history."""
    starts = [window.train.as_of_s for window in tuned.plan.windows]
    assert len(starts) == 2
    assert starts[0] == small_world.cuts[0].train.as_of_s > starts[1]
    assert tuned.plan.looked_at.until_s == small_world.cuts[1].train.as_of_s
    for window in tuned.plan.windows:
        new = int((window.cases.seen == 0).sum())
        assert min(new, window.cases.n_cases - new) >= 50


def test_the_run_names_the_data_and_holds_what_train_takes(tuned: TuningOutcome) -> None:
    run = connect().get_run(tuned.run_id)
    best, taken = tuned.best["item-neighbours"], tuned.taken["item-neighbours"]
    assert run.info.status == "FINISHED"
    assert run.info.run_name.startswith("tuning 20")
    assert run.data.tags["saldopas.fingerprint"] == tuned.plan.fingerprint
    assert run.data.tags["saldopas.code_version"]
    assert json.loads(run.data.tags[f"{TUNED}item-neighbours"]) == taken.config
    assert run.data.metrics["item-neighbours/best"] == best.score
    assert run.data.metrics["item-neighbours/taken"] == taken.score
    assert run.data.params["split.windows"] == "2"
    files = {file.path for file in connect().list_artifacts(tuned.run_id, "tuning")}
    assert files == {"tuning/history.png", "tuning/trials.json", "tuning/tuned.toml"}


def test_every_trial_is_a_nested_run_with_a_value_for_each_window(tuned: TuningOutcome) -> None:
    found = children(tuned.run_id)
    assert len(found) == len(tuned.attempts) == 10
    status = {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}
    for child, attempt in zip(found, tuned.attempts, strict=True):
        assert child.info.status == status[attempt.state]
        assert child.data.params == {
            "model": "item-neighbours",
            **{name: str(value) for name, value in attempt.config.items()},
        }
        history = connect().get_metric_history(child.info.run_id, "validation/window/ndcg_at_10")
        values = {metric.step: metric.value for metric in history}
        assert tuple(values[step] for step in sorted(values)) == attempt.by_window
        assert child.data.metrics.get("validation/score") == attempt.score


def test_the_toml_is_a_configuration_that_searches_nothing(
    tuned: TuningOutcome, tmp_path: Path
) -> None:
    (tmp_path / "tuned.toml").write_text(tuned.toml())
    config = read_training_config(tmp_path / "tuned.toml")
    assert config.models == {"item-neighbours": tuned.taken["item-neighbours"].config}
    assert config.model == "item-neighbours"
    assert config.split.validation_windows == 3
    assert tuned.run_id in (tmp_path / "tuned.toml").read_text()


def test_the_toml_keeps_dates_and_leaves_out_what_toml_cannot_say(tuned: TuningOutcome) -> None:
    given = TrainingConfig.model_validate(
        {
            "search_memory_mb": 200,
            "split": {"test_from": "2021-11-01T00:00:00+07:00", "validation_windows": 2},
        }
    )
    none = replace(tuned.attempts[0], config={"half_life_days": None}, model="popularity")
    plan = replace(tuned.plan, config=given, models=("popularity",))
    text = replace(tuned, plan=plan, attempts=(none,), taken={"popularity": none}).toml()
    read = TrainingConfig.model_validate(tomllib.loads(text))
    assert read == given.model_copy(update={"models": {"popularity": {}}})


def test_the_toml_holds_tables_in_tables(tuned: TuningOutcome) -> None:
    given = TrainingConfig.model_validate(
        {
            "compared": ["ease", "als"],
            "exploration": {"share": 0.05},
            "gate": {"margin": 0.1, "segments": ["Größe"], "evaluation": {"resamples": 500}},
        }
    )
    text = replace(tuned, plan=replace(tuned.plan, config=given)).toml()
    taken = {name: one.config for name, one in tuned.taken.items()}
    read = TrainingConfig.model_validate(tomllib.loads(text))
    assert read == given.model_copy(update={"models": taken})


@pytest.mark.parametrize("place", ["a-file/tuned.toml", "."])
def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    no_store: Path, small_world: SmallWorld, tmp_path: Path, place: str
) -> None:
    """Nothing was searched: there is not even a store."""
    (tmp_path / "a-file").touch()
    with pytest.raises(DataError, match="--out"):
        command(str(small_world.directory), out=tmp_path / place, trials=1)
    assert not no_store.exists()


def test_more_trials_go_on_in_the_same_run_and_fresh_begins_another(
    empty_store: Path, small_world: SmallWorld
) -> None:
    """The first ends by its budget: each look at the clock takes a second, and it has six."""
    ticks = iter(range(1_000))
    clocked = Effort(minutes=0.1)
    first = tune_and_track(
        small_world.directory, POPULARITY, clocked, clock=lambda: float(next(ticks))
    )
    assert 1 <= len(first.attempts) <= 3
    more = tune_and_track(small_world.directory, POPULARITY, Effort(trials=4))
    again = tune_and_track(small_world.directory, POPULARITY, Effort(trials=4, fresh=True))
    assert more.run_id == first.run_id != again.run_id
    assert told(more)[: len(first.attempts)] == told(first)
    assert told(again) == told(more)
    assert len(children(more.run_id)) == len(children(again.run_id)) == 4


def test_no_time_for_a_single_trial_is_said(empty_store: Path, small_world: SmallWorld) -> None:
    with pytest.raises(RunFailedError, match="there was no time for a single one"):
        tune_and_track(small_world.directory, POPULARITY, Effort(minutes=0.0))
    experiment = connect().get_experiment_by_name("sample")
    (run,) = connect().search_runs([experiment.experiment_id])
    assert run.info.status == "FAILED"
    assert newest_tuning("sample", fingerprint="any") is None


def test_two_at_once_are_refused(empty_store: Path, small_world: SmallWorld) -> None:
    with one_at_a_time(empty_store), pytest.raises(RunFailedError, match="another `saldopas tune`"):
        tune_and_track(small_world.directory, POPULARITY, Effort(trials=1))


def test_data_without_anything_to_hold_out_is_refused(
    empty_store: Path, small_world: SmallWorld, tmp_path: Path
) -> None:
    dataset = read_dataset(small_world.directory)
    for name in ("participants", "courses", "purchases"):
        rows = 20 if name == "purchases" else 10**6
        getattr(dataset, name).head(rows).to_parquet(tmp_path / f"{name}.parquet")
    with pytest.raises(DataError, match="too little was bought"):
        tune_and_track(tmp_path, POPULARITY, Effort(trials=1))


@pytest.mark.slow
def test_a_killed_tuning_goes_on_to_the_same_table(
    tuned_store: tuple[Path, TuningOutcome], empty_store: Path, small_world: SmallWorld
) -> None:
    """The process is killed once two trials ended, in the middle of another; the resumed run has
    every trial once, and the same ones as the run that was never interrupted.
    """
    killed = subprocess.Popen(
        [
            *(str(SALDOPAS), "tune", str(small_world.directory)),
            *("--model", "item-neighbours", "--trials", "1000"),
        ],
        env={**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{empty_store}/mlflow.db"},
        stderr=subprocess.DEVNULL,
    )
    wait_for_trials(empty_store / "tuning.db", 2, killed)
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    ended = trials_in(empty_store / "tuning.db")
    resumed = tune_and_track(small_world.directory, NEIGHBOURS, Effort(trials=max(10, ended)))
    assert told(resumed)[:10] == told(tuned_store[1])[: len(told(resumed))]
    (parent,) = connect().search_runs(["1"], "tags.`saldopas.kind` = 'tuning'")
    assert parent.info.run_id == resumed.run_id
    assert parent.info.status == "FINISHED"
    names = [child.info.run_name for child in children(resumed.run_id)]
    assert names == [
        f"item-neighbours {number:03d}" for number in range(1, len(resumed.attempts) + 1)
    ]


def wait_for_trials(database: Path, least: int, process: subprocess.Popen[bytes]) -> None:
    patience = time.monotonic() + 600
    while trials_in(database) < least:
        assert process.poll() is None, "the tuning ended by itself"
        assert time.monotonic() < patience, "no trial ended within ten minutes"
        time.sleep(0.05)


def trials_in(database: Path) -> int:
    if not database.exists():
        return 0
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30) as opened:
        try:
            done = opened.execute(
                "select count(*) from trials where state in ('COMPLETE','PRUNED')"
            )
            return int(done.fetchone()[0])
        except sqlite3.OperationalError:  # its tables are not made yet
            return 0
