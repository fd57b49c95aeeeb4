"""Tracking stores that are made once, and put back before each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from saldopas.training_pipeline.tracking.champion import AUDIT_FILE, AUDIT_TAG
from saldopas.training_pipeline.tracking.champion_pointer import POINTER
from saldopas.training_pipeline.tracking.promotion import FOLDER
from saldopas.training_pipeline.tracking.promotion import TAG as GATE_TAG
from saldopas.training_pipeline.tracking.registry import CHALLENGER, MODEL_NAME
from saldopas.training_pipeline.tracking.training_run import track_training
from saldopas.training_pipeline.tracking.tuning_log import tune_and_track
from saldopas.training_pipeline.training.config import TrainingConfig
from saldopas.training_pipeline.training.record import TrainingRecord
from saldopas.training_pipeline.tuning.outcome import TuningOutcome
from saldopas.training_pipeline.tuning.tune import Effort

from tests.small_world import SmallWorld, no_better_than_popularity
from tests.tracking.gate_world import GateWorld, make_gate_world
from tests.tracking.tracked import Tracked


@pytest.fixture(scope="session")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which nothing was tracked yet; its tables take seconds to make."""
    from saldopas.training_pipeline.tracking.store import connect

    file = tmp_path_factory.mktemp("schema") / "mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{file}")
        connect()
    return file


@pytest.fixture(scope="session")
def filled_store(
    small_record: TrainingRecord, schema: Path, tmp_path_factory: pytest.TempPathFactory
) -> Tracked:
    """Three trainings, tracked once."""
    directory = tmp_path_factory.mktemp("filled")
    (directory / "mlruns").mkdir()
    shutil.copy(schema, directory / "mlruns")
    poor = no_better_than_popularity(small_record)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        runs = [track_training(record) for record in (small_record, small_record, poor)]
    return Tracked(directory / "mlruns", small_record, tuple(runs))


@pytest.fixture(scope="session")
def gate_world(tmp_path_factory: pytest.TempPathFactory) -> GateWorld:
    """Planted data, and trainings on it that are better, worse, unfair and slow."""
    return make_gate_world(tmp_path_factory.mktemp("gate_world"))


@pytest.fixture
def tracked(filled_store: Tracked, monkeypatch: pytest.MonkeyPatch) -> Tracked:
    """The filled store below the working directory, before anything was promoted."""
    monkeypatch.chdir(filled_store.home.parent)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    client = filled_store.client
    for alias in client.get_registered_model(MODEL_NAME).aliases:
        client.delete_registered_model_alias(MODEL_NAME, alias)
    client.set_registered_model_alias(MODEL_NAME, CHALLENGER, "3")
    for version in client.search_model_versions(f"name = '{MODEL_NAME}'"):
        for tag in version.tags:
            if tag == AUDIT_TAG or tag.startswith(GATE_TAG):
                client.delete_model_version_tag(MODEL_NAME, version.version, tag)
    for verdicts in filled_store.home.glob(f"artifacts/*/*/artifacts/{FOLDER}"):
        shutil.rmtree(verdicts)
    for name in (AUDIT_FILE, POINTER):
        (filled_store.home / name).unlink(missing_ok=True)
    return filled_store


@pytest.fixture
def empty_store(schema: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a store with its tables, in which nothing was tracked yet."""
    (tmp_path / "store").mkdir()
    shutil.copy(schema, tmp_path / "store")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/store/mlflow.db")
    return tmp_path / "store"


@pytest.fixture
def no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a store that does not exist yet."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/store/mlflow.db")
    return tmp_path / "store"


@pytest.fixture(scope="session")
def tuned_store(
    small_world: SmallWorld, schema: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, TuningOutcome]:
    """A store in which item neighbours were tuned, ten trials."""
    store = tmp_path_factory.mktemp("tuned")
    shutil.copy(schema, store)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}/mlflow.db")
        return store, tune_and_track(
            small_world.directory, TrainingConfig(model="item-neighbours"), Effort(trials=10)
        )


@pytest.fixture
def tuned(
    tuned_store: tuple[Path, TuningOutcome], monkeypatch: pytest.MonkeyPatch
) -> TuningOutcome:
    """What was found, with its store as the current one; only read it."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tuned_store[0]}/mlflow.db")
    return tuned_store[1]
