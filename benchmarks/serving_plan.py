"""`POST /plan` over HTTP with one client: latency, and how often a plan is proven.

    python -m benchmarks.serving_plan --data DIR [--artifact DIR] [--rounds 5] [--seconds 3]

`saldopas serve` as it comes, one worker, on a SQLite store that is filled from the data set and
looked up for every request. The server has the first core to itself, the load generator the second.
People and balances are drawn, three alternatives of at most 8 courses each are answered. All ask
on `--as-of` (WIB), six weeks before the sample's last spending day, so that there are days to plan.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from saldopas.features.tables.dataset import read_dataset
from saldopas.training_pipeline.console import print_table
from saldopas.training_pipeline.training.config import TrainingConfig
from saldopas.training_pipeline.training.train import train

from benchmarks.serving import OURS, made_bodies, measured, prefer, run, started, wait_until_ready

LOOKED_AT = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a data set of a catalogue")
    parser.add_argument("--artifact", type=Path, help="of a training on it; else it is trained")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--as-of", type=datetime.fromisoformat, default=datetime(2021, 11, 3, 9))
    given = parser.parse_args()
    moment = {"as_of": f"{given.as_of.isoformat()}+07:00"}
    with tempfile.TemporaryDirectory() as scratch:
        artifact = given.artifact or Path(scratch) / "artifact"
        if given.artifact is None:
            train(read_dataset(given.data), TrainingConfig(), artifact=artifact)
        asked = [json.dumps(json.loads(body) | moment) for body in made_bodies(artifact)]
        bodies = Path(scratch) / "bodies.jsonl"
        bodies.write_text("\n".join(asked), "utf-8")
        store = f"sqlite:///{Path(scratch) / 'store.db'}"
        run("-m", "saldopas", "store", "load", str(given.data), "--store", store)
        (server,) = started(artifact, store, Path(scratch), only=OURS)
        try:
            wait_until_ready(server, bodies)
            prefer(server)
            url = f"http://127.0.0.1:{server.port}/plan"
            answers = [
                httpx.post(url, content=body, headers={"Content-Type": "application/json"}).json()
                for body in asked[:LOOKED_AT]
            ]
            rounds = [
                measured(server, 1, given.seconds, bodies, path="/plan")
                for _ in range(given.rounds)
            ]
        finally:
            os.killpg(server.process.pid, signal.SIGTERM)
            server.process.wait()
    report(rounds, answers)


def report(rounds: list[dict[str, float]], answers: list[dict[str, Any]]) -> None:
    print_table(
        "POST /plan, one client",
        ("round", "a second", "p50 ms", "p99 ms", "errors"),
        [
            (place, one["a_second"], one["p50_ms"], one["p99_ms"], int(one["errors"]))
            for place, one in enumerate(rounds, 1)
        ],
    )
    plans = [plan for answer in answers for plan in answer["alternatives"]]
    courses = sum(len(plan["courses"]) for plan in plans)
    proven = sum(plan["optimal"] for plan in plans)
    print(
        f"{len(answers):,} answers looked at: {len(plans):,} plans of {courses / len(plans):.1f} "
        f"courses on average, {proven:,} proven to be the best"
    )


if __name__ == "__main__":
    main()
