"""The service as a process: start it, wait for it, read its log and its metrics, end it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving.serving_world import ServingWorld

ROOT = Path(__file__).parents[2]
SALDOPAS = [
    sys.executable,
    "-c",
    "from saldopas.training_pipeline.commands.main import main; main()",
]
BENTOML = [sys.executable, "-m", "bentoml"]
REQUESTS: list[dict[str, Any]] = [
    {},
    {"balance": 300_000, "n": 3},
    {"purchased": ["C00002"], "profile": {"age": 30, "gender": "F"}, "explain": True},
    {"balance": 1.5},
    {"n": 0},
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment(directory: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SALDOPAS_", "MLFLOW_"))}
    home = {"BENTOML_HOME": str(directory / "bentoml"), "BENTOML_DO_NOT_TRACK": "True"}
    return kept | home | more


@contextmanager
def running(
    command: list[str], directory: Path, *, seconds: float = 300, **more: str
) -> Iterator[tuple[httpx.Client, subprocess.Popen[bytes]]]:
    """The process in `directory`, once it is ready on a free port; ended at the latest here."""
    port = free_port()
    log = directory / f"{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--host", "127.0.0.1"],
            cwd=directory,
            env=clean_environment(directory, **more),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        # a connection a request, so that every worker is asked
        limits = httpx.Limits(max_keepalive_connections=0)
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, timeout=60, limits=limits) as client:
            end = time.monotonic() + seconds
            while not is_ready(client):
                if process.poll() is not None or time.monotonic() > end:
                    pytest.fail(f"not ready after {seconds} s:\n{log.read_text()}")
                time.sleep(0.1)
            yield client, process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(120)


def is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def answers(client: httpx.Client, world: ServingWorld) -> list[tuple[int, Any]]:
    people = [{"participant_id": name} for name in vars(world.people).values()]
    found = []
    for body in [*REQUESTS, *people]:
        response = client.post("/recommend", json=body)
        found.append((response.status_code, response.json() | {"request_id": None}))
    return found


def metric(client: httpx.Client, line: str) -> float:
    rows = client.get("/metrics").text.splitlines()
    return sum(float(row.split()[-1]) for row in rows if row.startswith(line))


def events(log: Path, name: str) -> list[dict[str, Any]]:
    """The log's JSON lines of one event; the last line may still be on its way."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
    return [line for line in lines if line["event"] == name]


def ended(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(120)
