"""A worker of its own process: buys and finishes, says which purchases were acknowledged.

Arguments: store URL, participant, first number, how many (0: until it is killed), price.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from saldopas.features.tables.dataset_config import DatasetConfig
from saldopas.serving.events.recording import Event, World, record
from saldopas.store.engine import open_store, read_salt


def main() -> None:
    url, name, first, count, price = sys.argv[1:]
    engine = open_store(url)
    with engine.begin() as connection:
        salt = read_salt(connection)
    ids = [f"C{number}" for number in range(int(first), int(first) + (int(count) or 100_000))]
    world = World(DatasetConfig(scheme="2021"), dict.fromkeys(ids, int(price)), lambda name: None)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    at = datetime(2021, 11, 20, tzinfo=UTC)
    for course_id in ids:
        bought = Event(f"{name} {course_id}", "purchase", name, course_id, at, course_id)
        ended = Event(f"end of {course_id}", "finish", name, course_id, at, course_id)
        outcome = record(engine, [bought, ended], world, salt=salt, now=datetime.now(UTC))
        if outcome.accepted == 2:
            sys.stdout.write(f"{bought.event_id}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
