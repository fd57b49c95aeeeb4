"""Several processes on one store: nobody overspends, and a kill takes back no acknowledgement."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from saldopas.store.participants import read_participants
from saldopas.store.schema import EVENTS
from sqlalchemy.engine import Connection, Engine

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def worker(url: str, *arguments: object) -> subprocess.Popen[str]:
    """Started and ready; goes on when a line is sent."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.store.purchasing", url, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def purchases_in(connection: Connection) -> set[str]:
    """Ids of the purchases that are recorded."""
    query = sa.select(EVENTS.c.event_id).where(EVENTS.c.kind == "purchase")
    return set(connection.execute(query).scalars())


def test_workers_that_buy_at_once_never_overspend(store: Engine, url: str) -> None:
    """1,000,000 is the grant, so of 2 workers with 8 courses of 90,000 each, 11 are let through."""
    workers = [worker(url, "P1", 100 * place, 8, 90_000) for place in range(2)]
    for one in workers:
        go(one)
    outputs = [one.communicate(timeout=300)[0] for one in workers]
    acknowledged = [line for text in outputs for line in text.splitlines()]
    with store.begin() as connection:
        person = read_participants(connection, ["P1"])["P1"]
        recorded = purchases_in(connection)
    assert all(one.returncode == 0 for one in workers)
    assert person.spent_rp == 990_000
    assert len(person.purchases) == 11
    assert recorded == set(acknowledged)


def test_what_was_acknowledged_survives_a_kill(store: Engine, url: str) -> None:
    process = worker(url, "P1", 0, 0, 0)
    go(process)
    assert process.stdout is not None
    acknowledged = [process.stdout.readline().strip() for _ in range(20)]
    process.kill()  # SIGKILL, while it writes
    acknowledged += process.stdout.read().splitlines()
    process.wait(120)
    with store.begin() as connection:
        recorded = purchases_in(connection)
        bought = {one.course_id for one in read_participants(connection, ["P1"])["P1"].purchases}
    whole = {line for line in acknowledged if line.startswith("P1 C") and line in recorded}
    assert len(acknowledged) >= 20
    assert set(acknowledged[:-1]) <= recorded  # the last line may be cut
    assert {line.removeprefix("P1 ") for line in whole} <= bought
    assert len(recorded) - len(acknowledged) <= 1  # committed, killed before it was said
