"""Work in threads of its own; what nobody waits for any more counts until it is out of the way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar, cast

from saldopas.serving.http.limits import too_much

Result = TypeVar("Result")


class LongWork:
    """Takes no more than it can do in the time that a request has.

    Args:
        threads: how much is done at a time.
        most: cost of all that is taken at a time; what is alone is taken whatever it costs.
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
