"""In the registry: bad challengers stay out, the better one serves and is rolled back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from saldopas.training_pipeline.console import RunFailedError
from saldopas.training_pipeline.gate.judge import GateInput
from saldopas.training_pipeline.tracking.champion import history
from saldopas.training_pipeline.tracking.promotion import GateRefusedError, promote, rollback
from saldopas.training_pipeline.tracking.registry import ModelNotFoundError, resolve
from saldopas.training_pipeline.tracking.tracked_training import train_and_track
from saldopas.training_pipeline.tracking.training_run import track_training
from saldopas.training_pipeline.training.config import read_training_config

from tests.postgres_server import free_port
from tests.tracking.gate_world import (
    BEST,
    FAIR,
    PLAIN,
    SAME_SPEED,
    STRICT,
    TOO_SLOW,
    UNFAIR,
    GateWorld,
    write_planted,
)

NEWCOMER = "p1790"  # one of `few`
READY_SECONDS = SWAP_SECONDS = 300.0
BENTOML = [sys.executable, "-m", "bentoml", "serve", "saldopas.serving.service:SaldoPas"]


@pytest.mark.slow
def test_bad_ones_stay_out_a_better_one_serves_and_is_rolled_back(
    gate_world: GateWorld, empty_store: Path
) -> None:
    """A service runs beside the registry all the time, and answers with the champion."""
    wanted = (FAIR, PLAIN, UNFAIR, BEST)
    version = {name: track_training(gate_world.records[name]).version for name in wanted}
    gate = GateInput(gate_world.dataset, latency=SAME_SPEED, config=STRICT)
    assert promote(version[FAIR], gate=gate).from_version is None
    with service(empty_store / "champion.json") as address:
        assert serving(address) == (str(version[FAIR]), "profile-popularity")

        with pytest.raises(GateRefusedError, match=r"refused by .*main-metric \(.*a loss is sure"):
            promote(version[PLAIN], gate=gate)
        with pytest.raises(
            GateRefusedError, match=r"refused by .*segments \(under 90% of champion"
        ):
            promote(version[UNFAIR], gate=gate)
        with pytest.raises(GateRefusedError, match=r"refused by .*latency \(median"):
            promote(version[BEST], gate=replace(gate, latency=TOO_SLOW))
        with broken(resolve(str(version[BEST]))):
            with pytest.raises(GateRefusedError, match=r"refused by artifact \(.*was changed"):
                promote(version[BEST], gate=gate)
            with pytest.raises(RunFailedError, match="was changed"):
                promote(version[BEST], gate=gate, force=True, reason="it looks fine")
        assert serving(address) == (str(version[FAIR]), "profile-popularity")

        move = promote(version[BEST], gate=gate)
        assert (move.from_version, move.forced) == (version[FAIR], False)
        assert soon(address, version[BEST]) == "sequence-ridge"
        assert rollback(reason="complaints").to_version == version[FAIR]
        assert soon(address, version[FAIR]) == "profile-popularity"
    assert [(one.action, one.from_version, one.to_version, one.reason) for one in history()] == [
        ("promote", None, version[FAIR], None),
        ("promote", version[FAIR], version[BEST], None),
        ("rollback", version[BEST], version[FAIR], "complaints"),
    ]


def test_a_training_asks_the_gate_as_its_configuration_says(
    tmp_path: Path, empty_store: Path
) -> None:
    write_planted(tmp_path / "data")
    file = tmp_path / "training.toml"
    file.write_text("search = false\n[gate]\nlatency_ms = 1e-6\nrequests = 20\n")
    config = read_training_config(file, model="popularity")
    outcome = train_and_track(str(tmp_path / "data"), config)
    assert outcome["gate"]["refused_by"] == ["latency"]
    assert outcome["gate"]["settings"] == config.gate.model_dump(mode="json")
    assert not outcome["promoted"]
    with pytest.raises(ModelNotFoundError):
        resolve("champion")


@contextmanager
def broken(artifact: Path) -> Iterator[None]:
    """One byte of the catalogue is another one."""
    courses = artifact / "courses.parquet"
    good = courses.read_bytes()
    courses.write_bytes(good[:-1] + b"!")
    try:
        yield
    finally:
        courses.write_bytes(good)


@contextmanager
def service(pointer: Path) -> Iterator[str]:
    """A running service on the champion; its address."""
    port, directory = free_port(), pointer.parent
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SALDOPAS_", "MLFLOW_"))}
    with (directory / "service.log").open("wb") as log:
        process = subprocess.Popen(
            [*BENTOML, "--port", str(port), "--host", "127.0.0.1"],
            cwd=Path(__file__).parents[2],
            env=kept | {"SALDOPAS_CHAMPION": str(pointer), "BENTOML_HOME": str(directory)},
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + READY_SECONDS
        while not is_ready(address):
            told = (directory / "service.log").read_text()
            assert process.poll() is None, told
            assert time.monotonic() < end, told
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(60)


def is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=60) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def serving(address: str) -> tuple[str, str]:
    """Version behind an answer, and the model that the service names."""
    body = json.dumps({"participant_id": NEWCOMER, "balance": 300_000, "n": 3}).encode()
    request = urllib.request.Request(
        f"{address}/recommend", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        found = json.load(answer)
    assert len(found["items"]) == 3
    with urllib.request.urlopen(f"{address}/version", timeout=60) as answer:
        return found["model_version"], json.load(answer)["model"]


def soon(address: str, version: int) -> str:
    """The model once answers are of `version`."""
    end = time.monotonic() + SWAP_SECONDS
    while serving(address)[0] != str(version):
        assert time.monotonic() < end, f"version {version} is not served"
        time.sleep(0.1)
    return serving(address)[1]
