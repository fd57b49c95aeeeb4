"""The service's log of what was answered: in the store soon, in few writes, whatever fails."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from saldopas.serving.store import served_log
from saldopas.store.served.packing import Shown
from saldopas.store.served.tables import write_shown
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from tests.store.asking import asked, served
from tests.store.conftest import Serving
from tests.store.store_world import StoreWorld


def test_served_lists_reach_the_store_while_it_serves_and_at_the_end(
    url: str, world: StoreWorld, serving: Serving
) -> None:
    with serving(url) as client:
        asked(client, participant_id=world.buyer, n=3)
        end = time.monotonic() + 300
        while not served(url) and time.monotonic() < end:
            time.sleep(0.1)
        [row] = served(url)
        assert (row.participant_id, len(row.item_idx)) == (world.buyer, 3)
        people = [{"participant_id": name} for name in world.ids[:60]]
        client.post("/recommend_batch", json={"requests": people})
    assert len(served(url)) == 61


def test_lists_that_come_during_a_write_wait_for_others(
    url: str, serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    first, second = threading.Event(), threading.Event()
    monkeypatch.setattr(served_log, "SOONER", 2)
    monkeypatch.setattr(served_log, "EVERY_S", 3_600.0)
    with serving(url) as client:

        def write(engine: Engine, shown: Shown, **more: Any) -> int:
            sizes.append(len(shown.request_ids))
            if len(sizes) == 1:
                asked(client)  # answered while others are written
            (first if len(sizes) == 1 else second).set()
            return write_shown(engine, shown, **more)

        monkeypatch.setattr(served_log, "write_shown", write)
        asked(client)
        asked(client)
        assert first.wait(300)
        assert not second.wait(0.5), "what came meanwhile was written by itself"
        asked(client)
        assert second.wait(300)
    assert sizes == [2, 2]
    assert len(served(url)) == 4


def test_lists_that_could_not_be_written_are_written_later_as_they_were(
    url: str, world: StoreWorld, serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing, tried = threading.Event(), threading.Semaphore(0)
    failing.set()
    monkeypatch.setattr(served_log, "EVERY_S", 0.01)
    with serving(url) as client:

        def write(engine: Engine, shown: Shown, **more: Any) -> int:
            tried.release()
            if failing.is_set():
                raise OperationalError("", {}, OSError())
            return write_shown(engine, shown, **more)

        monkeypatch.setattr(served_log, "write_shown", write)
        answers = []
        for place, name in enumerate(world.ids[:6]):
            answers.append(asked(client, participant_id=name, n=1 + place % 3))
            assert tried.acquire(timeout=300)  # each is one more beside what waits already
        failing.clear()
    found = {row.request_id: row for row in served(url)}
    assert [*found] == [answer["request_id"] for answer in answers]
    for answer in answers:
        row = found[answer["request_id"]]
        assert row.participant_id == answer["participant_id"]
        assert row.scores == pytest.approx([item["score"] for item in answer["items"]], abs=1e-5)


def test_lists_that_cannot_be_written_by_our_fault_do_not_hold_up_those_after_them(
    url: str, world: StoreWorld, serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = threading.Event()
    monkeypatch.setattr(served_log, "EVERY_S", 0.01)
    with serving(url) as client:

        def write(engine: Engine, shown: Shown, **more: Any) -> int:
            if not failed.is_set():
                failed.set()
                raise ValueError("a fault")
            return write_shown(engine, shown, **more)

        monkeypatch.setattr(served_log, "write_shown", write)
        asked(client, participant_id=world.buyer)
        assert failed.wait(300)
        after = asked(client, participant_id=world.buyer)
    assert [row.request_id for row in served(url)] == [after["request_id"]]
