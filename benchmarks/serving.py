"""Answers over HTTP beside other servers, and in the process beside implicit, in one run.

    python -m benchmarks.serving --data DIR [--artifact DIR] [--rounds 5] [--seconds 3]

Ours is `saldopas serve` as it comes, one worker, on a SQLite store that is filled from the data set
and looked up for every request; its access log is off as the others' are. The others answer from
the artifact's snapshot with the same code. Each server has the first core to itself while it is
asked, the load generator has the second; rounds go through all servers in turns, so that what else
the machine does hits all of them. Quote ratios to FastAPI of one run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from saldopas.features.encoding.indexed import index_dataset
from saldopas.features.tables.dataset import read_dataset
from saldopas.models.artifact.artifact import load_artifact
from saldopas.training_pipeline.console import print_table
from saldopas.training_pipeline.training.config import TrainingConfig
from saldopas.training_pipeline.training.train import train

from benchmarks.speed import compare

CLIENTS = (1, 16, 64)
BODIES = 2_000
READY_S = 60.0
SERVER_CORE, LOAD_CORE = 0, 1
OURS, FASTAPI = "saldopas serve, store", "FastAPI, uvicorn"
UVICORN = ("-m", "uvicorn", "--no-access-log", "--log-level", "warning")


@dataclass
class Server:
    """A server that runs, and what was measured of it by number of clients."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    rounds: dict[int, list[dict[str, float]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a data set of a catalogue")
    parser.add_argument("--artifact", type=Path, help="of a training on it; else it is trained")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        dataset = read_dataset(given.data)
        artifact = given.artifact or Path(scratch) / "artifact"
        if given.artifact is None:
            train(dataset, TrainingConfig(), artifact=artifact)
        compare(index_dataset(dataset), load_artifact(artifact))
        bodies = Path(scratch) / "bodies.jsonl"
        bodies.write_text("\n".join(made_bodies(artifact)), "utf-8")
        store = f"sqlite:///{Path(scratch) / 'store.db'}"
        run("-m", "saldopas", "store", "load", str(given.data), "--store", store)
        servers = started(artifact, store, Path(scratch))
        try:
            for server in servers:
                wait_until_ready(server, bodies)
                prefer(server)
            for turn in range(given.rounds):
                for server in servers[turn % len(servers) :] + servers[: turn % len(servers)]:
                    for clients in CLIENTS:
                        found = measured(server, clients, given.seconds, bodies)
                        server.rounds[clients].append(found)
        finally:
            for server in servers:
                os.killpg(server.process.pid, signal.SIGTERM)
                server.process.wait()
    report(servers)


def made_bodies(artifact: Path) -> list[str]:
    ids = load_artifact(artifact).snapshot.ids
    rng = np.random.default_rng(7)
    return [
        json.dumps(
            {
                "participant_id": ids[row].decode(),
                "balance": int(rng.integers(100, 1_000)) * 1_000,
                "n": 5,
            }
        )
        for row in rng.integers(0, len(ids), BODIES)
    ]


def started(artifact: Path, store: str, scratch: Path, *, only: str | None = None) -> list[Server]:
    peers = "benchmarks.serving_peers"
    serve = ("-m", "saldopas", "serve", "--artifact", str(artifact), "--store", store)
    commands: dict[str, tuple[str, ...]] = {
        OURS: (*serve, "--port", "{port}"),
        FASTAPI: (*UVICORN, f"{peers}.fastapi_app:app", "--port", "{port}"),
        "Starlette, msgspec": (*UVICORN, f"{peers}.starlette_app:app", "--port", "{port}"),
        "BentoML endpoint": (
            *("-m", "bentoml", "serve", f"{peers}.bentoml_service:S", "--port", "{port}"),
            *("--host", "127.0.0.1"),
        ),
    }
    environment = os.environ | {
        "SALDOPAS_ARTIFACT": str(artifact.resolve()),
        "SALDOPAS_LOG_REQUESTS": "false",
        "BENTOML_DO_NOT_TRACK": "True",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    found = []
    for name, command in commands.items():
        if only not in (None, name):
            continue
        port = free_port()
        log = (scratch / f"{port}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, *(part.replace("{port}", str(port)) for part in command)],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: alone(SERVER_CORE),
        )
        found.append(Server(name, port, process, {clients: [] for clients in CLIENTS}))
    return found


def wait_until_ready(server: Server, bodies: Path) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", server.port)) == 0:
                found = measured(server, 1, 0.5, bodies)
                if found["a_second"] > 0 and found["errors"] == 0:
                    return
        time.sleep(0.3)
    raise SystemExit(f"{server.name} does not answer")


def measured(
    server: Server, clients: int, seconds: float, bodies: Path, *, path: str = "/recommend"
) -> dict[str, float]:
    command = ["-m", "benchmarks.serving_load", str(server.port), path]
    command += [str(clients), str(seconds), str(bodies)]
    done = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        timeout=READY_S + seconds,
        preexec_fn=lambda: alone(LOAD_CORE),
    )
    if done.returncode != 0:
        return {"a_second": 0.0, "p50_ms": np.nan, "p99_ms": np.nan, "errors": 1.0}
    found: dict[str, float] = json.loads(done.stdout)
    return found


def prefer(server: Server) -> None:
    """Workers that started a session of their own have what their parent has."""
    for process in psutil.Process(server.process.pid).children(recursive=True):
        with contextlib.suppress(OSError):
            Path(f"/proc/{process.pid}/autogroup").write_text("-15", "ascii")


def alone(core: int) -> None:
    """This process on one core, before others that share it where the system lets us ask."""
    os.sched_setaffinity(0, {core})
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text("-15", "ascii")


def report(servers: list[Server]) -> None:
    fastapi = next(server for server in servers if server.name == FASTAPI)
    rows = []
    for clients in CLIENTS:
        for server in servers:
            own = {
                key: statistics.median(one[key] for one in server.rounds[clients])
                for key in ("a_second", "p50_ms", "p99_ms")
            }
            ratio = statistics.median(
                one["a_second"] / peer["a_second"]
                for one, peer in zip(server.rounds[clients], fastapi.rounds[clients], strict=True)
            )
            errors = sum(one["errors"] for one in server.rounds[clients])
            rows.append((clients, server.name, *own.values(), ratio, int(errors)))
    print_table(
        "over HTTP, medians of rounds",
        ("clients", "who", "a second", "p50 ms", "p99 ms", "times FastAPI", "errors"),
        rows,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(*command: str) -> None:
    subprocess.run([sys.executable, *command], check=True, capture_output=True)


if __name__ == "__main__":
    main()
