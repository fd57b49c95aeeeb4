"""A training is found in MLflow with everything it needs, and with nobody in it."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from saldopas.features.errors import DataError
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC
from saldopas.training_pipeline.tracking import registered_model
from saldopas.training_pipeline.tracking.store import connect
from saldopas.training_pipeline.tracking.tracked_training import train_and_track
from saldopas.training_pipeline.tracking.training_run import track_training
from saldopas.training_pipeline.training.config import TrainingConfig
from saldopas.training_pipeline.training.record import TrainingRecord, Trial

from tests.small_world import SmallWorld
from tests.tracking.tracked import Tracked


def test_the_run_holds_parameters_metrics_tags_and_the_dataset(tracked: Tracked) -> None:
    run = tracked.client.get_run(tracked.runs[0].run_id)
    params, metrics, tags = run.data.params, run.data.metrics, run.data.tags
    record = tracked.record
    assert run.info.status == "FINISHED"
    assert run.info.run_name.startswith("sequence-ridge 20")
    assert run.info.end_time - run.info.start_time >= 1_000 * sum(record.seconds.values())
    assert params["data.participants"] == "2000"
    assert params["seed"] == "7"
    assert params["split.method"] == "by-date"
    assert params["stage.history.model"] == "sequence-ridge"
    assert params["stage.history.l2"] == "30.0"
    assert metrics["validation/all/ndcg_at_10"] == record.validation["chosen"].mean(MAIN_METRIC)
    popular = record.test["popularity"]
    assert metrics["test_popularity/all/recall_at_20"] == popular.mean("recall@20")
    told = {name.split("/")[1] for name in metrics if name.startswith("test_popularity/")}
    assert told == set(popular.shown(min_people=record.evaluation.min_people))
    assert metrics["seconds/fit"] == record.seconds["fit"]
    assert tags["saldopas.fingerprint"] == record.manifest.fingerprint
    assert tags["saldopas.beats_popularity"] == "true"
    assert "Generated data" in tags["mlflow.note.content"]
    (dataset,) = run.inputs.dataset_inputs
    assert dataset.dataset.name == record.name
    assert record.manifest.fingerprint.startswith(dataset.dataset.digest)


def test_the_run_holds_plots_and_the_environment(tracked: Tracked) -> None:
    files = {
        file.path
        for folder in ("plots", "environment", "evaluation", "")
        for file in tracked.client.list_artifacts(tracked.runs[0].run_id, folder)
    }
    plots = {Path(name).stem.partition("-")[2] for name in files if name.endswith(".png")}
    assert plots == {  # nothing was searched
        "quality-by-history",
        "quality-by-list-length",
        "quality-by-segment",
        "popularity-of-recommendations",
        "price-and-balance",
        "balance-used",
        "reliability",
        "trials",
    }
    assert {"environment/requirements.txt", "environment/platform.json"} <= files
    assert {"evaluation/test_cut.md", "model_card.md"} <= files


def test_every_trial_is_a_child_run(tracked: Tracked) -> None:
    run = tracked.runs[0]
    experiment = tracked.client.get_experiment_by_name(run.experiment)
    children = tracked.client.search_runs(
        [experiment.experiment_id], f"tags.`mlflow.parentRunId` = '{run.run_id}'"
    )
    found = {
        (child.data.tags["saldopas.model"], child.data.metrics["validation/score"])
        for child in children
    }
    assert found == {(trial.model, trial.score) for trial in tracked.record.trials}
    assert all(child.info.status == "FINISHED" for child in children)
    told = {child.data.tags["mlflow.note.content"] for child in children}
    assert any("their ndcg@10 on the validation cut. Chosen." in note for note in told)


def test_a_search_is_metrics_with_steps(empty_store: Path, small_record: TrainingRecord) -> None:
    scores = [(3, 0.4), (1, 0.2), (2, 0.1)]
    tried = tuple(
        Trial("history", "ease", {}, score, 1.0, place == 3, place) for place, score in scores
    )
    run = track_training(replace(small_record, trials=tried))
    client = connect()
    for name, wanted in (("search", [0.2, 0.1, 0.4]), ("search_best", [0.2, 0.2, 0.4])):
        history = client.get_metric_history(run.run_id, f"{name}/ease")
        assert [(one.step, one.value) for one in history] == list(enumerate(wanted, start=1))


def test_runs_are_filtered_by_kind(tracked: Tracked) -> None:
    found = tracked.client.search_runs(["1"], "tags.`saldopas.kind` = 'training'")
    assert {run.info.run_id for run in found} == {run.run_id for run in tracked.runs}


def test_the_model_is_registered_with_signature_and_example(tracked: Tracked) -> None:
    from mlflow.models import get_model_info

    client = tracked.client
    version = client.get_model_version_by_alias("course-recommender", "challenger")
    info = get_model_info("models:/course-recommender/1")
    example = json.loads((model_files(tracked)[0] / "input_example.json").read_text())
    assert int(version.version) == 3  # the newest, good or not
    assert info.signature.inputs.input_names() == ["participant_id", "balance"]
    assert info.signature.params.params[0].default == 5
    assert example["columns"] == ["participant_id", "balance"]
    assert example["data"][0][0] == registered_model.NOBODY


def test_the_model_has_the_metrics_of_its_run(tracked: Tracked) -> None:
    client = tracked.client
    run = client.get_run(tracked.runs[0].run_id)
    model = client.get_logged_model(run.outputs.model_outputs[0].model_id)
    assert {metric.key for metric in model.metrics} == set(run.data.metrics)
    assert json.loads(model.tags["mlflow.modelVersions"]) == [
        {"name": "course-recommender", "version": 1}
    ]


def test_an_artifact_is_once_on_disk(tracked: Tracked) -> None:
    manifests = list(tracked.home.rglob("manifest.json"))
    assert len(manifests) == len(tracked.runs)


def test_no_participant_is_named_outside_the_artifacts_snapshot(tracked: Tracked) -> None:
    """The store's text and its database; `snapshot/ids.npy` is the artifact's own."""
    ids = set(tracked.record.data.people["participant_id"])
    database = sqlite3.connect(tracked.home / "mlflow.db")
    texts = ["\n".join(database.iterdump())]
    texts += [
        file.read_text("utf-8", "replace")
        for file in tracked.home.rglob("*")
        if file.suffix in {".json", ".txt", ".yaml", ".py", ".jsonl"} or file.name == "MLmodel"
    ]
    found = [name for name in sorted(ids) for text in texts if name in text]
    assert not found


def test_no_path_of_the_training_machine_is_in_the_model(tracked: Tracked) -> None:
    described = (model_files(tracked)[0] / "MLmodel").read_text()
    assert str(tracked.record.artifact) not in described
    assert str(Path(registered_model.__file__).parent) not in described


def test_a_run_that_breaks_is_failed_and_registers_nothing(
    tracked: Tracked, tmp_path: Path
) -> None:
    lost = replace(tracked.record, artifact=tmp_path / "never written")
    with pytest.raises(RuntimeError):
        track_training(lost)
    client = tracked.client
    (failed,) = client.search_runs(["1"], "attribute.status = 'FAILED'")
    assert "mlflow.parentRunId" not in failed.data.tags
    assert len(client.search_model_versions("name = 'course-recommender'")) == len(tracked.runs)


def test_nothing_held_out_is_tracked_too(empty_store: Path, small_record: TrainingRecord) -> None:
    bare = replace(small_record, trials=(), validation={}, test={})
    run = track_training(bare)
    assert run.version == 1
    assert not bare.beats_popularity


def model_files(tracked: Tracked) -> list[Path]:
    """The directories that MLflow calls models, oldest first."""
    found = tracked.home.rglob("MLmodel")
    return sorted((file.parent for file in found), key=lambda path: path.stat().st_mtime)


@pytest.mark.usefixtures("empty_store")
def test_a_segment_of_the_gate_that_is_no_column_is_said_before_the_work(
    small_world: SmallWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    config = TrainingConfig.model_validate({"gate": {"segments": ["history", "postcode"]}})
    with pytest.raises(DataError, match="cannot be grouped by 'postcode'"):
        train_and_track(str(small_world.directory), config, promote_it=False)
    assert "comparing" not in capsys.readouterr().err
