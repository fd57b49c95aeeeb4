"""`saldopas serve` and `bentoml serve` as processes: the same answers, and a clean end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving_world import ServingWorld

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SALDOPAS = [sys.executable, "-c", "from training_pipeline.cli import main; main()"]
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
    command: list[str], directory: Path, *, seconds: float = 60, **more: str
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
        with httpx.Client(base_url=url, timeout=10, limits=limits) as client:
            end = time.monotonic() + seconds
            while not is_ready(client):
                if process.poll() is not None or time.monotonic() > end:
                    pytest.fail(f"not ready after {seconds} s:\n{log.read_text()}")
                time.sleep(0.1)
            yield client, process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(20)


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
    return process.wait(20)


def test_both_ways_to_start_answer_the_same_and_end_cleanly(
    world: ServingWorld, tmp_path: Path
) -> None:
    (tmp_path / "serving").mkdir()  # a directory of that name is not taken for the package
    command = [*SALDOPAS, "serve", "--artifact", str(world.path), "--workers", "2"]
    with running(command, tmp_path) as (client, process):
        log = next(tmp_path.glob("*.log"))
        end = time.monotonic() + 30
        while len(events(log, "ready")) < 2 and time.monotonic() < end:
            time.sleep(0.1)
        ours = answers(client, world)
        counted = 'saldopas_requests_total{method="POST",route="/recommend"'
        end = time.monotonic() + 30  # a worker counts an answer after it was sent
        while metric(client, counted) < len(ours) and time.monotonic() < end:
            time.sleep(0.1)
        assert metric(client, counted) == len(ours)  # of both workers
        assert ended(process) == 0
        assert not is_ready(client)
    text = log.read_text()
    assert "sequence-ridge on sample, learned before 2021-10-31" in text
    assert not any(name in text for name in vars(world.people).values())
    assert len(events(log, "ready")) == 2
    assert len(events(log, "request")) == len(ours)

    command = [*BENTOML, "serve", "serving.service:SaldoPas", "--working-dir", str(ROOT)]
    with running(command, tmp_path, SALDOPAS_ARTIFACT=str(world.path)) as (client, process):
        assert answers(client, world) == ours
        assert [status for status, _ in ours] == [200, 200, 200, 400, 422, 200, 200, 200, 200]
        batch = {"requests": [{"balance": 10**6, "n": 100}] * 1_000}
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(client.post, "/recommend_batch", json=batch, timeout=30)
            time.sleep(0.3)
            assert ended(process) == 0
            assert len(answer.result().json()["results"]) == 1_000  # finished before the end


def saldopas(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SALDOPAS, "serve", *arguments],
        cwd=directory,
        env=clean_environment(directory),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_what_cannot_be_served_is_said_in_one_line(world: ServingWorld, tmp_path: Path) -> None:
    artifact = str(world.path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = str(taken.getsockname()[1])
        cases = [
            (("--artifact", artifact, "--port", busy), 1, f"port {busy} is in use"),
            (("--artifact", str(tmp_path / "nothing")), 1, "no readable manifest.json"),
            (("--artifact", artifact, "--host", "not a host"), 2, "is no address"),
            (("--artifact", artifact, "--model", "3"), 2, "name two models"),
            ((), 1, "no champion yet"),
        ]
        for arguments, status, words in cases:
            port = () if "--port" in arguments else ("--port", str(free_port()))
            done = saldopas(tmp_path, *arguments, *port)
            assert done.returncode == status, done.stderr
            assert words in done.stderr
            assert done.stderr.startswith("saldopas: ")
            assert len(done.stderr.splitlines()) == 1
