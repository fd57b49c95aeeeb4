"""How much is accepted: a bound on requests at a time, and a rate for each key.

What is beyond is answered at once with 429, so that the wait of what is accepted stays bounded:
at most `max_in_flight` requests stand before it.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar, cast

from saldopas.serving.http import metrics
from saldopas.serving.http.errors import ApiError


def too_much(limit: str) -> ApiError:
    """429, counted: all that can be done is being done."""
    metrics.REJECTED.labels(limit).inc()
    return ApiError(
        429,
        "overloaded",
        "the service has all it can do; try again soon",
        headers={"Retry-After": "1"},
    )


class Bound:
    """At most `most` at a time: `with bound:` counts one.

    Args:
        most: how many.
        limit: its name in the metrics.
    """

    def __init__(self, most: int, limit: str) -> None:
        self._most = most
        self._limit = limit
        self._now = 0

    @property
    def now(self) -> int:
        """How many there are."""
        return self._now

    def __enter__(self) -> None:
        """Count one more, for as long as the block runs.

        Raises:
            ApiError: 429, there are too many.
        """
        if self._now >= self._most:
            raise too_much(self._limit)
        self._now += 1

    def __exit__(self, *error: object) -> None:
        """One less."""
        self._now -= 1


class Rates:
    """A bucket of `burst` requests for each key, refilled by `per_s`.

    Args:
        per_s: requests a second.
        burst: requests that a key may have saved up.
        clock: seconds.
    """

    def __init__(
        self, per_s: float, burst: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}  # by key: what is left, and when it was

    def take(self, name: str) -> None:
        """Count a request of a key.

        Raises:
            ApiError: 429, with the seconds until there is one again.
        """
        now_s = self._clock()
        left, then_s = self._buckets.get(name, (float(self._burst), now_s))
        left = min(self._burst, left + (now_s - then_s) * self._per_s)
        if left < 1:
            self._buckets[name] = (left, now_s)
            metrics.REJECTED.labels("rate").inc()
            wait_s = max(1, math.ceil((1 - left) / self._per_s))
            raise ApiError(
                429,
                "too_many_requests",
                "this key's requests come too fast; try again later",
                headers={"Retry-After": str(wait_s)},
            )
        self._buckets[name] = (left - 1, now_s)


Result = TypeVar("Result")


class LongWork:
    """Takes no more than it can do in the time that a request has.

    Args:
        threads: how much is done at a time.
        most: total cost of accepted jobs; a job that is alone is accepted at any cost.
        limit: its name in the metrics.
    """

    def __init__(self, threads: int, most: int, limit: str) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=limit)
        self._most = most
        self._limit = limit
        self._taken = 0
        self._counting = threading.Lock()

    async def do(self, work: Callable[[], Result], cost: int = 1) -> Result:
        """The result of `work`.

        Where the caller's time is up before it began, it is not done; once begun it goes on.

        Raises:
            ApiError: 429, there is too much already.
        """
        with self._counting:
            if self._taken and self._taken + cost > self._most:
                raise too_much(self._limit)
            self._taken += cost
        wanted = [work]

        def begin() -> Result | None:
            return next((one() for one in wanted.copy()), None)

        def ended(_: Future[Result | None]) -> None:
            with self._counting:
                self._taken -= cost

        job = self._threads.submit(begin)
        job.add_done_callback(ended)
        try:
            return cast(Result, await asyncio.shield(asyncio.wrap_future(job)))
        except asyncio.CancelledError:
            wanted.clear()  # with what it holds of the request
            raise

    def end(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
