"""`saldopas serve` and `bentoml serve` as processes: the same answers, and a clean end."""

from __future__ import annotations

import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bentoml
import httpx
import pytest
from bentoml.exceptions import UnprocessableEntity

from tests.serving.served_process import (
    BENTOML,
    ROOT,
    SALDOPAS,
    answers,
    clean_environment,
    ended,
    events,
    free_port,
    is_ready,
    metric,
    running,
)
from tests.serving.serving_world import ServingWorld

pytestmark = pytest.mark.slow


def _ask_as_bentoml_does(client: httpx.Client) -> None:
    with bentoml.SyncHTTPClient(str(client.base_url)) as other:
        found = other.recommend(balance=300_000, n=3)
        answer = client.post("/recommend", json={"balance": 300_000, "n": 3}).json()
        assert found["items"] == answer["items"]
        assert len(found["items"]) == 3
        assert other.plan(balance=1_000_000)["balance"] == 1_000_000
        with pytest.raises(UnprocessableEntity, match="out_of_range"):
            other.recommend(n=0)


def test_both_ways_to_start_answer_the_same_and_end_cleanly(
    world: ServingWorld, tmp_path: Path
) -> None:
    (tmp_path / "serving").mkdir()  # a directory of that name is not taken for the package
    command = [*SALDOPAS, "serve", "--artifact", str(world.path), "--workers", "2"]
    with running(command, tmp_path) as (client, process):
        log = next(tmp_path.glob("*.log"))
        end = time.monotonic() + 300
        while len(events(log, "ready")) < 2 and time.monotonic() < end:
            time.sleep(0.1)
        ours = answers(client, world)
        counted = 'saldopas_requests_total{method="POST",route="/recommend"'
        end = time.monotonic() + 300  # a worker counts an answer after it was sent
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

    command = [*BENTOML, "serve", "saldopas.serving.service:SaldoPas", "--working-dir", str(ROOT)]
    with running(command, tmp_path, SALDOPAS_ARTIFACT=str(world.path)) as (client, process):
        assert answers(client, world) == ours
        _ask_as_bentoml_does(client)
        assert [status for status, _ in ours] == [200, 200, 200, 400, 422, 200, 200, 200, 200]
        batch = {"requests": [{"balance": 10**6, "n": 100}] * 1_000}
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(client.post, "/recommend_batch", json=batch, timeout=300)
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
        timeout=300,
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
