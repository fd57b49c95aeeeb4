"""The store opens for everybody at once, is upgraded with a copy, and says what is wrong."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from saldopas.training_pipeline.console import RunFailedError
from saldopas.training_pipeline.tracking import store
from saldopas.training_pipeline.tracking.registry import versions

CONNECT = "from saldopas.training_pipeline.tracking.store import connect; connect()"


def test_nothing_is_made_by_asking_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert store.tracking_uri() == "sqlite:///mlruns/mlflow.db"
    assert store.home() == Path("mlruns")
    assert not list(tmp_path.iterdir())


def test_everything_lies_beside_the_sqlite_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////srv/tracking/mlflow.db")
    assert store.home() == Path("/srv/tracking")


def test_a_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://me:hunter2@db.example/mlflow")
    assert "hunter2" not in store.store_name()
    assert store.home() == Path("mlruns")


def test_the_environment_is_left_as_it_was(
    empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = os.environ["MLFLOW_TRACKING_URI"]
    store.connect()
    assert os.environ["MLFLOW_TRACKING_URI"] == given


def test_no_server_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(RunFailedError, match=r"tracking store http://127.0.0.1:9: [^\n]+$"):
        versions()


@pytest.mark.parametrize("address", ["mlruns", "file:///srv/mlruns", "databricks"])
def test_an_address_of_another_kind_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    with pytest.raises(RunFailedError, match="use sqlite:///FILE"):
        store.connect()


@pytest.mark.slow
def test_an_older_schema_is_copied_and_upgraded(no_store: Path) -> None:
    """As a store looks that an older MLflow made."""
    from alembic import command
    from mlflow.store.db import utils

    no_store.mkdir()
    uri = store.absolute_uri()
    engine = utils.create_sqlalchemy_engine_with_retry(uri)
    utils.InitialBase.metadata.create_all(engine)
    config = utils._get_alembic_config(uri)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "451aebb31d03")
    engine.dispose()
    store.connect()
    assert [path.name for path in no_store.glob("*.bak")] == ["mlflow.db.451aebb31d03.bak"]
    assert versions() == []


@pytest.mark.slow
def test_three_processes_at_once_open_a_fresh_store(no_store: Path) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", CONNECT], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ends = [(process.communicate(timeout=120)[1], process.returncode) for process in running]
    assert ends == [("", 0)] * 3  # and nobody says a word
    tables = sqlite3.connect(no_store / "mlflow.db").execute("select name from sqlite_master")
    assert ("registered_model_aliases",) in set(tables)


@pytest.mark.slow
def test_importing_the_tracking_does_not_import_mlflow() -> None:
    code = (
        "import sys; import saldopas.training_pipeline.commands.main, "
        "saldopas.training_pipeline.commands.promote, "
        "saldopas.training_pipeline.tracking.registry, "
        "saldopas.training_pipeline.tracking.training_run; "
        "sys.exit('mlflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=300, check=False).returncode == 0
