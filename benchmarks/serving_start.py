"""How soon a service is ready, and what a worker takes, beside how many participants it knows.

    python -m benchmarks.serving_start [ARTIFACT ...] [--workers 2] [--requests 2000] [--store URL]

Without artifacts: the champion of `MLFLOW_TRACKING_URI`, as `saldopas serve` finds it. Ready:
from `saldopas serve` to the first 200 of `/readyz`; plan: to the first 200 of `/plan` after it.
Memory, of the largest worker after answers for people all over the snapshot: `own` is what no
other process has; `pss` adds its share of what several map (libraries, the models' arrays, the
snapshot); `rss` counts all of that whole. Without a store unless one is named: of `saldopas store
load`, looked into for every answer, and every list is written into it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from saldopas.models.artifact.artifact import load_artifact
from saldopas.training_pipeline.console import print_table
from saldopas.training_pipeline.tracking.champion_pointer import read_pointer

from benchmarks.serving import free_port, made_bodies

READY_S = 60.0
WORKER = "_bentoml_impl.worker"
MIB = 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("artifacts", nargs="*", type=Path, help="of as many sizes as are compared")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--store", default="none", help="of the participants of the artifacts")
    given = parser.parse_args()
    rows = []
    for artifact in given.artifacts or [None]:
        found = [
            started(artifact, given.workers, given.requests, given.store)
            for _ in range(given.starts)
        ]
        artifact = artifact or champion()
        people = load_artifact(artifact).snapshot.n_people
        medians = [statistics.median(values) for values in zip(*found, strict=True)]
        rows.append((f"{people:,}", *medians))
    print_table(
        f"{given.workers} workers, medians of {given.starts} starts",
        ("participants", "ready s", "plan s", "own MB", "pss MB", "rss MB", "starter rss MB"),
        rows,
    )


def started(artifact: Path | None, workers: int, requests: int, store: str) -> tuple[float, ...]:
    """Seconds until ready and until a plan; own, proportional and resident memory of the largest
    worker, and the resident memory of the process that starts them (MB)."""
    bodies = made_bodies(artifact or champion())
    port = free_port()
    command = [sys.executable, "-m", "saldopas", "serve", "--store", store]
    command += ["--port", str(port), "--workers", str(workers)]
    command += [] if artifact is None else ["--artifact", str(artifact)]
    with tempfile.TemporaryFile() as log:
        began = time.monotonic()
        process = subprocess.Popen(
            command, env=os.environ | {"SALDOPAS_LOG_REQUESTS": "false"}, stdout=log, stderr=log
        )
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/readyz", process)
            ready_s = time.monotonic() - began
            ask(f"http://127.0.0.1:{port}/plan", json.dumps({"balance": 1_000_000}))
            plan_s = time.monotonic() - began
            url = f"http://127.0.0.1:{port}/recommend"
            with ThreadPoolExecutor(8) as threads:
                asked = (bodies[place % len(bodies)] for place in range(requests))
                list(threads.map(lambda body: ask(url, body), asked))
            used = [
                one.memory_full_info()
                for one in psutil.Process(process.pid).children(recursive=True)
                if WORKER in " ".join(one.cmdline())
            ]
            starter = psutil.Process(process.pid).memory_info().rss
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    largest = (max(getattr(one, name) for one in used) / MIB for name in ("uss", "pss", "rss"))
    return ready_s, plan_s, *largest, starter / MIB


def champion() -> Path:
    found = read_pointer()
    if found is None:
        raise SystemExit("no champion: promote a model, or name artifacts")
    return found[0]


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise SystemExit("the service did not become ready")


def ask(url: str, body: str) -> None:
    """Each on a connection of its own, so that every worker is asked."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, body.encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()


if __name__ == "__main__":
    main()
