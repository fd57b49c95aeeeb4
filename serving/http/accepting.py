"""New connections are accepted many at a time, each turn of the event loop.

libuv takes one connection a turn from a listener. Under load a turn answers a request of everybody
who is connected, so that few stay the only ones who are served: the rest wait for seconds in the
kernel's queue, where neither the bound on requests in flight nor its 429 reaches them.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from saldopas.serving.http.logs import LOG

MOST = 128  # a turn, so that workers of one socket share a rush
FAMILIES = (socket.AF_INET, socket.AF_INET6)
PAUSE_S = 0.5  # after an accept that failed: there may be no file left to open

Factory = Callable[[], asyncio.BaseProtocol]


class Listener:
    """What a server of the loop is to who started it, over one listening socket."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, factory: Factory, listening: socket.socket
    ) -> None:
        self._loop, self._factory, self._listening = loop, factory, listening
        self._opening: set[asyncio.Task[Any]] = set()
        self._closed = False
        listening.setblocking(False)
        self._listen()

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """The listening socket."""
        return () if self._closed else (self._listening,)

    def close(self) -> None:
        """Accept nobody any more."""
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._listening)

    async def wait_closed(self) -> None:
        """Nothing is left to wait for."""

    def _listen(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        for _ in range(MOST):
            try:
                accepted, _address = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                LOG.error("accept", cause=type(error).__name__, errno=error.errno)
                self._loop.remove_reader(self._listening)
                self._loop.call_later(PAUSE_S, self._listen)
                return
            accepted.setblocking(False)
            opening = self._loop.connect_accepted_socket(self._factory, accepted)
            task = self._loop.create_task(opening)
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)


def accept_many(loop: asyncio.AbstractEventLoop) -> None:
    """Servers that the loop makes of a listening socket from now on are `Listener`s."""
    usual = loop.create_server

    async def create_server(factory: Factory, *given: Any, **options: Any) -> Any:
        listening, tls = options.get("sock"), options.get("ssl")
        if listening is None or tls is not None or listening.family not in FAMILIES:
            return await usual(factory, *given, **options)
        listening.listen(options.get("backlog", 2_048))
        return Listener(loop, factory, listening)

    loop.create_server = create_server  # type: ignore[method-assign, assignment]
