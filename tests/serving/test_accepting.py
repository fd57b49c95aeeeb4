"""Who connects in a rush is accepted at once; what cannot be accepted now is accepted later."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import pytest
import uvloop
from saldopas.serving.http.accepting import MOST, accept_many

from tests.own_loop import in_own_loop


class Echo(asyncio.Protocol):
    """Sends back what comes."""

    met: list[Echo]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it."""
        self.transport = cast(asyncio.Transport, transport)
        self.met.append(self)

    def data_received(self, data: bytes) -> None:
        """Send it back."""
        self.transport.write(data)


@pytest.fixture
def protocol() -> type[Echo]:
    class Counted(Echo):
        met: list[Echo] = []  # noqa: RUF012 - one list a test

    return Counted


@contextmanager
def connected(listening: socket.socket, count: int) -> Iterator[list[socket.socket]]:
    """Connections that the kernel has made and nobody has accepted yet."""
    clients = [socket.create_connection(listening.getsockname()) for _ in range(count)]
    try:
        yield clients
    finally:
        for client in clients:
            client.close()


async def served(factory: Callable[[], Echo]) -> tuple[asyncio.Server, socket.socket]:
    loop = asyncio.get_running_loop()
    accept_many(loop)
    listening = socket.create_server(("127.0.0.1", 0), backlog=2_048)
    return await loop.create_server(factory, sock=listening, backlog=2_048), listening


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_a_rush_is_accepted_in_a_few_turns(protocol: type[Echo]) -> None:
    """libuv's own listener would have accepted one a turn."""

    async def run() -> None:
        server, listening = await served(protocol)
        with connected(listening, 2 * MOST) as clients:
            await turns(10)
            assert len(protocol.met) == 2 * MOST
            for client in clients[:: MOST // 2]:
                client.setblocking(False)
                await asyncio.get_running_loop().sock_sendall(client, b"hello")
                assert await asyncio.get_running_loop().sock_recv(client, 10) == b"hello"
            server.close()
            await server.wait_closed()
            with connected(listening, 1):
                await turns(10)
            assert len(protocol.met) == 2 * MOST
        listening.close()

    in_own_loop(run(), uvloop.run)


def test_without_a_file_left_it_is_tried_again(
    protocol: type[Echo], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        server, listening = await served(protocol)
        with connected(listening, 3):
            limits = resource.getrlimit(resource.RLIMIT_NOFILE)
            lowest_free = os.dup(0)
            os.close(lowest_free)
            resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, limits[1]))
            try:
                await turns(10)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            assert protocol.met == []
            async with asyncio.timeout(30):
                while len(protocol.met) < 3:
                    await asyncio.sleep(0.01)
        server.close()
        listening.close()

    monkeypatch.setattr("saldopas.serving.http.accepting.PAUSE_S", 0.05)
    in_own_loop(run(), uvloop.run)
