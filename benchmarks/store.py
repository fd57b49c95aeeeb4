"""Look-ups, durable events and bulk loads: `python -m benchmarks.store DATA URL ...`."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
import uuid
from datetime import UTC, datetime
from statistics import median, quantiles

from saldopas.features.tables.dataset import Dataset, read_dataset
from saldopas.serving.events.recording import Event, World, record
from saldopas.serving.store.live import LiveStore
from saldopas.store.engine import open_store, read_salt, upgrade_store
from saldopas.store.load import load_store
from sqlalchemy.engine import Engine

LOOKUPS = 3_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="dataset directory")
    parser.add_argument("urls", nargs="+", help="an empty store each, SQLite or PostgreSQL")
    arguments = parser.parse_args()
    dataset = read_dataset(arguments.data)
    for url in arguments.urls:
        engine = open_store(url)
        upgrade_store(engine)
        started = time.perf_counter()
        loaded = load_store(engine, dataset, advance=lambda count: None)
        say(engine, f"load {loaded.people:,} people, {loaded.purchases:,} purchases",
            f"{time.perf_counter() - started:.1f} s")  # fmt: skip
        ids = random.Random(7).choices(dataset.participants["participant_id"].tolist(), k=LOOKUPS)
        times = asyncio.run(look_ups(url, ids))
        say(
            engine,
            "look-up p50 / p99",
            f"{median(times):.0f} / {quantiles(times, n=100)[98]:.0f} us",
        )
        for size in (1, 100, 1_000):
            say(engine, f"events a second, {size} a request", f"{rate(engine, dataset, size):,.0f}")
        engine.dispose()


async def look_ups(url: str, ids: list[str]) -> list[float]:
    """Microseconds of each, one after the other, as a request waits for it."""
    store = LiveStore(url, timeout_ms=1_000)
    store.open()
    times = []
    for name in [*ids[:200], *ids]:
        started = time.perf_counter()
        found = await store.find(name)
        times.append((time.perf_counter() - started) * 1e6)
        assert found.participant is not None
    store.close()
    return times[200:]


def rate(engine: Engine, dataset: Dataset, size: int) -> float:
    """Events a second of one writer; each request is on the disk before the next."""
    with engine.begin() as connection:
        salt = read_salt(connection)
    people = dataset.participants["participant_id"].tolist()
    course_id = str(dataset.courses["course_id"].iloc[0])
    world = World(dataset.config, {course_id: 0}, lambda name: None)
    at = datetime(2021, 11, 1, tzinfo=UTC)
    n_requests = max(5, min(200, 5_000 // size))
    started = time.perf_counter()
    for _ in range(n_requests):
        events = [
            Event(uuid.uuid4().hex, "click", random.choice(people), course_id, at, "x")
            for _ in range(size)
        ]
        assert record(engine, events, world, salt=salt, now=at).accepted == size
    return n_requests * size / (time.perf_counter() - started)


def say(engine: Engine, what: str, value: str) -> None:
    sys.stdout.write(f"{engine.dialect.name:11} {what:45} {value}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
