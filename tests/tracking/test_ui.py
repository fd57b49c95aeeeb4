"""`saldopas ui` shows the store, SQLite or a real PostgreSQL, and leaves nothing behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from saldopas.training_pipeline.commands.ui import ui
from saldopas.training_pipeline.console import RunFailedError
from saldopas.training_pipeline.gate.judge import GateInput
from saldopas.training_pipeline.tracking.promotion import promote, rollback
from saldopas.training_pipeline.tracking.registry import resolve
from saldopas.training_pipeline.tracking.training_run import track_training
from saldopas.training_pipeline.training.record import TrainingRecord

from tests.postgres_server import MISSING, free_port, postgres_binaries, postgres_server
from tests.tracking.tracked import Tracked

SALDOPAS = [sys.executable, "-m", "saldopas"]


@contextmanager
def opened(port: int) -> Iterator[dict[str, str]]:
    """The addresses that the command prints once the pages are there; ended with SIGTERM."""
    command = [*SALDOPAS, "ui", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        head = process.stdout.readline()
        assert f"http://127.0.0.1:{port} " in head
        lines = [process.stdout.readline().strip() for _ in range(2)]
        yield dict(line.split(": ", 1) for line in lines)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=300) == 0
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=60)


def runs_shown(port: int, experiment_id: str) -> list[str]:
    """What the page of an experiment asks for: the names of its runs."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/ajax-api/2.0/mlflow/runs/search",
        data=json.dumps({"experiment_ids": [experiment_id]}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=300) as answer:
        return [run["info"]["run_name"] for run in json.load(answer)["runs"]]


def plot_shown(port: int, run_id: str) -> bytes:
    """A figure of a run, as the page fetches it."""
    address = f"http://127.0.0.1:{port}/get-artifact?path=plots/1-quality-by-history.png"
    with urllib.request.urlopen(f"{address}&run_uuid={run_id}", timeout=300) as answer:
        return bytes(answer.read())


@pytest.mark.slow
def test_the_pages_of_a_sqlite_store(tracked: Tracked) -> None:
    port = free_port()
    with opened(port) as addresses:
        assert "/#/models/course-recommender" in addresses["versions"]
        experiment_id = addresses["runs of sample"].split("/")[5]
        assert any(name.startswith("sequence-ridge") for name in runs_shown(port, experiment_id))
        assert plot_shown(port, tracked.runs[0].run_id).startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_postgresql_store_tracks_promotes_and_shows(
    small_record: TrainingRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip(MISSING)
    monkeypatch.chdir(tmp_path)
    port = free_port()
    with postgres_server(binaries) as url:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", url.replace("+psycopg", ""))
        first, second = track_training(small_record), track_training(small_record)
        assert promote(first.version).to_version == 1
        promote(second.version, force=True, reason="a test", gate=GateInput())
        assert rollback().to_version == 1
        assert resolve("champion").is_relative_to(tmp_path / "mlruns")
        with opened(port) as addresses:
            experiment_id = addresses["runs of sample"].split("/")[5]
            assert len(runs_shown(port, experiment_id)) >= 2
            assert plot_shown(port, first.run_id).startswith(b"\x89PNG")


def test_a_port_in_use_is_one_line(tracked: Tracked) -> None:
    import socket

    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        with pytest.raises(RunFailedError, match="give another --port"):
            ui(port=busy.getsockname()[1], browser=False)
