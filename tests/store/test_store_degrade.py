"""A store that is down: answers go on, marked, and all is well again by itself."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from saldopas.features.requests.participants import KnownParticipant
from saldopas.serving.http.errors import ApiError
from saldopas.serving.store.live import LiveStore
from saldopas.serving.store.readers import (
    FAILURES,
    LEAST_S,
    PAUSE_S,
    THREADS,
    Breaker,
    PostgresReader,
)
from saldopas.store.engine import open_store, read_salt, upgrade_store
from saldopas.store.participants import Found
from starlette.testclient import TestClient

from tests.own_loop import in_own_loop
from tests.postgres_server import MISSING, postgres_binaries, postgres_server
from tests.store.asking import asked, loaded, purchase, sent
from tests.store.conftest import Serving
from tests.store.store_world import StoreWorld

pytestmark = pytest.mark.slow

TIMED = 'saldopas_store_seconds_count{operation="find"}'


class Stoppable:
    """A PostgreSQL that a test stops and starts."""

    def __init__(self, url: str, binaries: Path) -> None:
        self.url = url
        port = url.rpartition(":")[2].partition("/")[0]
        [data] = [
            file.parent
            for file in Path(tempfile.gettempdir()).glob("saldopas-pg-*/data/postmaster.pid")
            if file.read_text().split()[3] == port
        ]
        self._data = data
        self._ctl = binaries / "pg_ctl"
        self._options = f"-p {port} -c listen_addresses=127.0.0.1 -k {data.parent} -c fsync=off"

    def stop(self) -> None:
        self._run("-m", "immediate", "stop")

    def start(self) -> None:
        self._run("-l", str(self._data.parent / "log"), "-o", self._options, "-w", "start")

    def _run(self, *arguments: str) -> None:
        prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*prefix, str(self._ctl), "-D", str(self._data), *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=300, cwd=self._data.parent)


@pytest.fixture
def server() -> Iterator[Stoppable]:
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip(MISSING)
    with postgres_server(binaries) as url:
        yield Stoppable(url, binaries)


def up_again(client: TestClient, name: str, *, seconds: float = 300) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not asked(client, participant_id=name)["degraded"]:
            return True
        time.sleep(0.1)
    return False


def test_answers_go_on_without_the_store_and_recover(
    server: Stoppable, world: StoreWorld, serving: Serving
) -> None:
    loaded(server.url, world)
    with serving(server.url) as client:
        assert up_again(client, world.buyer)
        before = asked(client, participant_id=world.buyer)
        course = before["items"][0]
        assert sent(client, purchase("a", world.buyer, course["course_id"]))["accepted"] == 1
        server.stop()

        without = asked(client, participant_id=world.buyer)
        assert without["degraded"]
        assert {item["source"] for item in without["items"]} == {"popular"}
        owned = set(world.artifact.policy.courses.course_ids[
            KnownParticipant.of_snapshot(
                world.artifact.snapshot,
                int(world.artifact.snapshot.rows_of([world.buyer])[0]),
            ).owned
        ])  # fmt: skip
        assert owned
        assert not owned & {item["course_id"] for item in without["items"]}
        body = {"purchased": [course["course_id"]], "profile": {"age": 30, "gender": "F"}}
        named = asked(client, participant_id=world.buyer, **body)
        assert named["degraded"]
        assert "history" in {item["source"] for item in named["items"]}
        assert course["course_id"] not in {item["course_id"] for item in named["items"]}
        assert not asked(client, **body)["degraded"]  # nobody is looked up
        time.sleep(LEAST_S)
        for _ in range(FAILURES):
            asked(client, participant_id=world.buyer)
        assert client.get("/readyz").json() == {"status": "ready", "store": "down"}
        events = client.post("/events", json={"events": [purchase("b", world.buyer, "x")]})
        assert events.status_code == 503
        assert events.json()["error"]["code"] == "store_down"
        assert int(events.headers["retry-after"]) > 0
        assert client.get(f"/participants/{world.buyer}").status_code == 503

        server.start()
        assert up_again(client, world.buyer)
        assert client.get("/readyz").json() == {"status": "ready", "store": "up"}
        after = asked(client, participant_id=world.buyer)
        assert after["balance"] == before["balance"] - course["price"]
        assert sent(client, purchase("a", world.buyer, course["course_id"]))["repeated"] == 1


def test_connections_that_a_server_cut_are_no_failure_once_it_is_back(server: Stoppable) -> None:
    """Each thread has one: a restart would degrade an answer of each."""
    engine = open_store(server.url, connections=THREADS + 1)
    upgrade_store(engine)
    with engine.connect() as connection:
        reader = PostgresReader(engine, read_salt(connection))

    async def ask_in_all_threads() -> list[Found]:
        asking = (reader.find("nobody", 30) for _ in range(4 * THREADS))
        return await asyncio.gather(*asking)

    async def over_a_restart() -> list[list[Found]]:
        before = await ask_in_all_threads()
        server.stop()
        server.start()
        return [before, await ask_in_all_threads()]

    assert in_own_loop(over_a_restart()) == [[Found()] * 4 * THREADS] * 2
    reader.close()
    engine.dispose()


def test_a_service_that_starts_before_its_store_finds_it_later(
    server: Stoppable, world: StoreWorld, serving: Serving
) -> None:
    server.stop()
    with serving(server.url) as client:
        assert asked(client, participant_id=world.buyer)["degraded"]
        assert client.get("/readyz").json() == {"status": "ready", "store": "down"}
        server.start()
        assert up_again(client, world.buyer)


def test_who_writes_for_long_does_not_keep_a_service_from_starting(
    tmp_path: Path, world: StoreWorld, serving: Serving
) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    loaded(url, world)
    engine = open_store(url)
    with engine.begin(), serving(url) as client:  # it takes the write lock
        assert client.get("/readyz").json() == {"status": "ready", "store": "up"}
        assert not asked(client, participant_id=world.buyer)["degraded"]
    engine.dispose()


def test_a_server_that_takes_connections_and_says_nothing_piles_nothing_up() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        store = LiveStore(f"postgresql://u@127.0.0.1:{silent.getsockname()[1]}/x", timeout_ms=50)
        store.try_open()
        store.breaker = Breaker(itertools.count(step=2).__next__)  # it lets every trial through
        threads = threading.active_count()

        async def find_for_a_while() -> list[bool]:
            found = []
            for _ in range(40):
                found.append((await store.find("nobody")).down)
                await asyncio.sleep(0.01)
            return found

        assert all(in_own_loop(find_for_a_while()))
        assert threading.active_count() <= threads + 2  # one opens; another may be about to see it
        for _ in range(FAILURES + 1):
            with pytest.raises(ApiError, match="does not answer"):
                store.erase("nobody")
        silent.settimeout(0)
        with suppress(BlockingIOError):  # those made so far
            while True:
                silent.accept()[0].close()
        with pytest.raises(ApiError, match="does not answer"):
            store.erase("nobody")
        with pytest.raises(BlockingIOError):  # it was not even tried
            silent.accept()
        store.close()


def looked_up(client: TestClient) -> int:
    """How many look-ups were timed."""
    text = client.get("/metrics").text
    [line] = [row for row in text.splitlines() if TIMED in row]
    return int(float(line.split()[-1]))


def test_a_store_that_does_not_answer_in_time_costs_no_more_than_the_deadline(
    server: Stoppable, world: StoreWorld, serving: Serving
) -> None:
    """A lock on the table makes each look-up wait; the answer comes all the same."""
    loaded(server.url, world)
    engine = sa.create_engine(server.url)
    with serving(server.url, timeout_ms=50) as client:
        assert up_again(client, world.buyer)
        before = looked_up(client)
        with engine.begin() as connection:
            connection.execute(sa.text("LOCK TABLE participants IN ACCESS EXCLUSIVE MODE"))
            assert asked(client, participant_id=world.buyer)["degraded"]
        assert looked_up(client) == before + 1  # what is slow is what is watched for
        assert up_again(client, world.buyer)
    engine.dispose()


def test_the_breaker_asks_once_a_pause_and_closes_on_the_first_answer() -> None:
    now = [0.0]
    breaker = Breaker(lambda: now[0])
    for _ in range(2 * FAILURES):  # all at once: a hiccup
        assert breaker.allows()
        breaker.failed()
    assert breaker.up
    now[0] += LEAST_S
    breaker.failed()
    assert not breaker.up
    assert not breaker.allows()
    now[0] += PAUSE_S
    assert breaker.allows()
    assert not breaker.allows()  # one trial is enough
    breaker.failed()
    now[0] += PAUSE_S
    assert breaker.allows()
    breaker.worked()
    assert breaker.up
    assert breaker.allows()
