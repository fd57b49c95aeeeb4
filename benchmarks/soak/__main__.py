"""The service under load for a while, with a worker killed each minute, PostgreSQL stopped twice
and a model swapped each minute; every answer is compared with the model's own.

    python -m benchmarks.soak --minutes 15
    python -m benchmarks.soak --minutes 1 --every 15        # a look

Exits 1 where an acknowledged event is lost or doubled, an answer is wrong, an error falls outside
the faults or there are .5 % of them (of 15 minutes the store is gone for 20 seconds: a shorter run
has more), the memory of the worker that lived on grows, or the participants, who buy until nothing
fits, were through before the time was over.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from itertools import groupby
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from saldopas.features.tables.dataset import read_dataset
from saldopas.serving.model.loaded import Located
from saldopas.serving.model.loaded import load_model
from saldopas.store.schema import EVENTS, PURCHASES

from benchmarks.soak.client import Client
from benchmarks.soak.faults import Faults, kill_workers, stop_store, swap_models, watch_memory
from benchmarks.soak.person import Findings, Person
from tests.postgres_server import (
    MISSING,
    PostgresServer,
    free_port,
    postgres_binaries,
    stoppable_postgres,
)

SALDOPAS = [sys.executable, "-m", "saldopas"]
MOST_ERRORS = 0.005
MOST_GROWTH_MB = 10.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--every", type=float, default=60, help="seconds between faults of a kind")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--participants", type=int, default=100_000)
    chosen = parser.parse_args()
    binaries = postgres_binaries()
    if binaries is None:
        sys.exit(MISSING)
    with (
        tempfile.TemporaryDirectory() as scratch,
        stoppable_postgres(binaries, fsync=True) as server,
    ):
        home = Path(scratch)
        versions = _trained(home, chosen.participants)
        port = free_port()
        log = (home / "service.log").open("wb")
        command = [*SALDOPAS, "serve", "--port", str(port), "--workers", str(chosen.workers)]
        environment = os.environ | {"SALDOPAS_STORE": server.url, "SALDOPAS_LOG_REQUESTS": "false"}
        service = subprocess.Popen(
            command, cwd=home, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait(port, service, home / "service.log")
            found, faults = asyncio.run(_run(chosen, home, server, service.pid, port, versions))
        finally:
            service.terminate()
            service.wait(30)
        good = _report(found, faults, server.url)
    sys.exit(0 if good else 1)


def _trained(home: Path, participants: int) -> dict[str, str]:
    """Two registered versions; their artifacts by version."""
    data = home / "data"
    _saldopas(home, "sample", "--participants", str(participants), "--out", str(data))
    for model in ("sequence-ridge", "ease"):
        _saldopas(home, "train", str(data), "--model", model)
    pointer, found = home / "mlruns/champion.json", {}
    for version in ("1", "2"):
        served = json.loads(pointer.read_text())["version"] if pointer.exists() else None
        if served != int(version):
            _saldopas(home, "promote", version, "--force", "--reason", "soak test")
        named = json.loads(pointer.read_text())["artifact"]
        found[version] = str((home / "mlruns" / named).resolve())
    return found


def _saldopas(home: Path, *arguments: str) -> None:
    done = subprocess.run([*SALDOPAS, *arguments], cwd=home, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"saldopas {' '.join(arguments)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def _wait(port: int, service: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and service.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    sys.exit(f"the service did not start:\n{log.read_text()[-3000:]}")


async def _run(
    chosen: argparse.Namespace,
    home: Path,
    server: PostgresServer,
    service: int,
    port: int,
    versions: dict[str, str],
) -> tuple[Findings, Faults]:
    models = {name: load_model(Located(Path(path), name)) for name, path in versions.items()}
    people = read_dataset(home / "data").participants["participant_id"].tolist()
    rng = random.Random(7)
    rng.shuffle(people)
    waiting = iter(people)
    found, faults = Findings(), Faults()
    begin = time.monotonic()
    end = begin + 60 * chosen.minutes

    def running() -> bool:
        return time.monotonic() < end

    async def one_client() -> None:
        client = Client(port)
        while running():
            name = next(waiting, None)
            if name is None:
                found.ran_out = True
                return
            await Person(str(name), client, models, found).live(running, rng)
        await client.close()

    stops = [begin + share * 60 * chosen.minutes for share in (1 / 3, 2 / 3)]
    await asyncio.gather(
        *(one_client() for _ in range(chosen.clients)),
        kill_workers(service, faults, end, chosen.every),
        swap_models(home / "mlruns/champion.json", versions, faults, end, chosen.every * 0.9),
        stop_store(server, faults, stops),
        watch_memory(service, faults, end),
    )
    return found, faults


def _report(found: Findings, faults: Faults, url: str) -> bool:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        stored = {row.event_id: row for row in connection.execute(sa.select(EVENTS))}
        bought = Counter(
            (row.participant_id, row.course_id) for row in connection.execute(sa.select(PURCHASES))
        )
    engine.dispose()
    purchases = [event for event in found.acknowledged.values() if event[2] == "purchase"]
    lost = [name for name in found.acknowledged if name not in stored]
    lost += [who for who, course, _, _ in purchases if bought[who, course] == 0]
    doubled = [pair for pair, times in bought.items() if times > 1]
    outside = [what for moment, what in found.errors if not faults.inside(moment)]
    rate = len(found.errors) / max(found.asked, 1)
    quiet = [s for moment, s in found.seconds if not faults.inside(moment)]
    growth, first, last, by_minute = _growth(faults)
    print(f"asked {found.asked:,}; answers compared with the model's own {found.checked:,}")
    print(f"by model version {dict(found.versions)}; degraded {found.degraded:,}")
    print(f"workers killed {faults.kills}, store stopped {faults.stops}, models {faults.swaps}")
    print(f"acknowledged {len(found.acknowledged):,}, of them purchases {len(purchases):,}")
    print(f"refused by the scheme {dict(found.refused)}")
    print(f"lost {len(lost)}, doubled {len(doubled)}, wrong answers {len(found.wrong)}")
    print(f"errors {len(found.errors)} ({rate:.3%}), outside the faults {len(outside)}")
    print(f"  {dict(Counter(what for _, what in found.errors))}")
    print(f"  outside: {dict(Counter(outside))}; wrong: {dict(Counter(found.wrong))}")
    if quiet:
        p50, p99 = np.percentile(quiet, [50, 99]) * 1_000
        print(f"outside the faults p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    print(
        f"oldest worker: {first:.0f} MB, then {last:.0f} MB ({growth:+.1f}); by minute {by_minute}"
    )
    if found.ran_out:
        print("all participants were through before the time was over: take more (--participants)")
    tried = min(faults.kills, faults.stops, faults.swaps, found.checked, len(purchases)) > 0
    good = not (lost or doubled or found.wrong or outside or found.ran_out)
    return good and tried and rate < MOST_ERRORS and growth < MOST_GROWTH_MB


def _growth(faults: Faults) -> tuple[float, float, float, list[int]]:
    """Of the process that was seen longest: median of its last quarter minus its second quarter,
    the two, and the median of each minute."""
    if not faults.memory:
        return 0.0, 0.0, 0.0, []
    oldest = Counter(process for _, process, _ in faults.memory).most_common(1)[0][0]
    seen = [(moment, mb) for moment, process, mb in faults.memory if process == oldest]
    minutes = groupby(seen, key=lambda one: (one[0] - seen[0][0]) // 60)
    by_minute = [round(float(np.median([mb for _, mb in part]))) for _, part in minutes]
    values = [mb for _, mb in seen]
    quarter = max(len(values) // 4, 1)
    first, last = (
        float(np.median(part)) for part in (values[quarter : 2 * quarter + 1], values[-quarter:])
    )
    return last - first, first, last, by_minute


if __name__ == "__main__":
    main()
