"""What `train` takes from tunings: of the same data, and none that looked at its test."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from saldopas.features.encoding.indexed import IndexedDataset
from saldopas.features.splits.split import make_cuts
from saldopas.features.splits.split_config import Method, SplitConfig
from saldopas.features.tables.dataset_config import FILE_NAME, UNNAMED
from saldopas.training_pipeline.tracking.store import connect
from saldopas.training_pipeline.tracking.tracked_training import train_and_track
from saldopas.training_pipeline.tracking.tuning_log import tune_and_track
from saldopas.training_pipeline.tracking.tuning_run import TUNED, newest_tuning
from saldopas.training_pipeline.training.config import LookedAt, TrainingConfig
from saldopas.training_pipeline.tuning.outcome import LEAST_TRIALS, TuningOutcome
from saldopas.training_pipeline.tuning.tune import Effort

from tests.small_world import SmallWorld

POPULARITY = TrainingConfig(model="popularity")


def held_out(
    data: IndexedDataset, method: Method, *, seed: int = 7, share: float = 0.1
) -> LookedAt:
    cuts = make_cuts(data, SplitConfig(method=method, share=share), seed=seed)
    assert cuts is not None
    return LookedAt.before(cuts[1])


def test_train_finds_what_the_newest_tuning_took(tuned: TuningOutcome) -> None:
    found = newest_tuning(tuned.plan.name, fingerprint=tuned.plan.fingerprint)
    assert found is not None
    assert found.models == {"item-neighbours": tuned.taken["item-neighbours"].config}
    assert found.same_data
    assert found.runs == {"item-neighbours": tuned.run_id}
    assert "changed" not in found.note
    given = TrainingConfig(models={"ease": {"l2": 5.0}, "item-neighbours": {"neighbours": 9}})
    assert found.under(given).models == given.models
    assert found.under(TrainingConfig()).models == found.models


def test_train_uses_it_by_default_and_says_from_which_run(
    tuned: TuningOutcome, small_world: SmallWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    config = TrainingConfig(model="item-neighbours")
    outcome = train_and_track(str(small_world.directory), config, promote_it=False)
    assert outcome["tuned_by"] == [tuned.run_id]
    taken = tuned.taken["item-neighbours"].config
    assert taken.items() <= outcome["stages"][0]["config"].items()
    run = connect().get_run(outcome["run_id"])
    assert run.data.tags["saldopas.tuned_by"] == tuned.run_id
    assert tuned.run_id in capsys.readouterr().err


def test_train_that_is_told_not_to_does_not(tuned: TuningOutcome, small_world: SmallWorld) -> None:
    config = TrainingConfig(model="item-neighbours", tuned=False)
    outcome = train_and_track(str(small_world.directory), config, promote_it=False)
    assert outcome["tuned_by"] == []


def test_data_that_changed_since_is_said(tuned: TuningOutcome) -> None:
    found = newest_tuning(tuned.plan.name, fingerprint="of another day")
    assert found is not None
    assert not found.same_data
    assert tuned.run_id in found.note
    assert "the data has changed since" in found.note


def test_a_tuning_that_saw_the_purchases_of_test_is_not_used(tuned: TuningOutcome) -> None:
    name, fingerprint, test = tuned.plan.name, tuned.plan.fingerprint, tuned.plan.looked_at
    earlier = replace(test, until_s=test.until_s - 1)
    assert newest_tuning(name, fingerprint=fingerprint, test=test) is not None
    assert newest_tuning(name, fingerprint=fingerprint, test=earlier) is None
    assert newest_tuning("another dataset", fingerprint=fingerprint) is None


@pytest.mark.parametrize("method", ["leave-last-out", "by-participant"])
def test_a_tuning_by_date_saw_what_is_held_out_otherwise(
    tuned: TuningOutcome, method: Method
) -> None:
    """Such a test stands at the end of the data, after everything that was looked at."""
    test = held_out(tuned.plan.data, method)
    assert test.until_s > tuned.plan.looked_at.until_s
    name, fingerprint = tuned.plan.name, tuned.plan.fingerprint
    assert newest_tuning(name, fingerprint=fingerprint, test=test) is None


@pytest.mark.parametrize("method", ["leave-last-out", "by-participant"])
def test_a_tuning_without_dates_spares_only_the_very_same_test(
    small_world: SmallWorld, method: Method
) -> None:
    test = held_out(small_world.data, method)
    assert test.spares(held_out(small_world.data, method))
    for other in (
        held_out(small_world.data, method, seed=8),
        held_out(small_world.data, method, share=0.2),
        *(held_out(small_world.data, one) for one in get_args(Method) if one != method),
    ):
        assert not test.spares(other)
        assert not other.spares(test)


def test_data_without_a_name_takes_what_was_tuned_on_itself_alone(
    empty_store: Path,
    small_world: SmallWorld,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Any two datasets without a dataset.toml have the same name; a given one says they are one."""
    bare = tmp_path / "bare"
    shutil.copytree(small_world.directory, bare)
    (bare / FILE_NAME).unlink()
    split = {"method": "leave-last-out"}
    config = TrainingConfig.model_validate({"model": "popularity", "split": split})
    plan = tune_and_track(bare, config, Effort(trials=LEAST_TRIALS)).plan
    assert plan.name == UNNAMED
    test = held_out(plan.data, "leave-last-out")
    found = newest_tuning(plan.name, fingerprint=plan.fingerprint, test=test)
    assert found is not None
    assert found.same_data
    capsys.readouterr()
    assert newest_tuning(plan.name, fingerprint="of another dataset") is None
    assert "give it a name in dataset.toml" in capsys.readouterr().err


def test_tuning_one_model_leaves_what_was_found_for_another(
    tuned_store: tuple[Path, TuningOutcome],
    small_world: SmallWorld,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Too few trials count for nothing, and what the model no longer takes is left out."""
    store, first = tuned_store
    for name in ("mlflow.db", "tuning.db"):
        shutil.copy(store / name, tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    tune_and_track(small_world.directory, POPULARITY, Effort(trials=LEAST_TRIALS - 1))
    found = newest_tuning(first.plan.name, fingerprint=first.plan.fingerprint)
    assert found is not None
    assert set(found.models) == {"item-neighbours"}
    second = tune_and_track(small_world.directory, POPULARITY, Effort(trials=LEAST_TRIALS))
    found = newest_tuning(first.plan.name, fingerprint=first.plan.fingerprint)
    assert found is not None
    assert found.runs == {"item-neighbours": first.run_id, "popularity": second.run_id}
    assert found.run_id == second.run_id
    connect().set_tag(second.run_id, f"{TUNED}popularity", '{"half_life_weeks": 3}')
    rest = newest_tuning(first.plan.name, fingerprint=first.plan.fingerprint)
    assert rest is not None
    assert set(rest.models) == {"item-neighbours"}
    assert "popularity is left out: half_life_weeks" in capsys.readouterr().err
