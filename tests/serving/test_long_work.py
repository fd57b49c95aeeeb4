"""Threads for long work: as much is taken as can be done, and what was given up is not done."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from saldopas.serving.http.errors import ApiError
from saldopas.serving.http.limits import LongWork

from tests.own_loop import in_own_loop


@pytest.fixture
def long_work() -> Iterator[LongWork]:
    work = LongWork(1, 10, "test")
    yield work
    work.end()


def fault() -> None:
    raise ValueError("a fault")


def test_results_and_faults_come_to_whoever_asked(long_work: LongWork) -> None:
    assert in_own_loop(long_work.do(lambda: 7)) == 7
    with pytest.raises(ValueError, match="a fault"):
        in_own_loop(long_work.do(fault))


def test_what_is_alone_is_taken_whatever_it_costs(long_work: LongWork) -> None:
    assert in_own_loop(long_work.do(lambda: 7, cost=1_000)) == 7


def test_more_than_can_be_done_is_refused_until_there_is_room(long_work: LongWork) -> None:
    go_on = threading.Event()

    async def ask() -> tuple[int, list[bool]]:
        first = asyncio.ensure_future(long_work.do(go_on.wait, cost=6))
        second = asyncio.ensure_future(long_work.do(go_on.wait, cost=4))
        await asyncio.sleep(0)
        with pytest.raises(ApiError) as refused:
            await long_work.do(go_on.wait)
        go_on.set()
        ended = await asyncio.gather(first, second)
        return refused.value.status, [*ended, await long_work.do(go_on.wait, cost=10)]

    assert in_own_loop(ask()) == (429, [True] * 3)


def test_what_was_given_up_is_not_done_and_counts_until_it_is_gone(long_work: LongWork) -> None:
    go_on, done = threading.Event(), []

    async def ask() -> list[str]:
        running = asyncio.ensure_future(long_work.do(go_on.wait, cost=5))
        waiting = asyncio.ensure_future(long_work.do(lambda: done.append("given up"), cost=5))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        with pytest.raises(ApiError):
            await long_work.do(lambda: done.append("too much"))
        go_on.set()
        await running
        while not done:  # the thread passes what was given up, and then takes this
            try:
                await long_work.do(lambda: done.append("later"), cost=10)
            except ApiError:
                await asyncio.sleep(0.001)
        return done

    assert in_own_loop(ask()) == ["later"]
