"""A load generator in a process of its own: keep-alive connections that ask one after the other.

    python -m benchmarks.serving_load PORT PATH CLIENTS SECONDS BODIES

BODIES is a file with one JSON body a line. Prints one JSON object: requests, errors, seconds and
the latencies' percentiles in milliseconds. Bare sockets on uvloop: it takes a fraction of what any
of the servers takes for a request.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from itertools import cycle
from pathlib import Path

import numpy as np
import uvloop

WARM_S = 0.3


class Client(asyncio.Protocol):
    """Sends the next request when the answer to the last one is whole."""

    def __init__(self, requests: list[bytes], start: int, until: float, warm: float) -> None:
        self._requests = cycle(requests[start:] + requests[:start])
        self._until, self._warm = until, warm
        self._buffer = b""
        self._sent = 0.0
        self.seconds: list[float] = []
        self.errors = 0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Ask for the first time."""
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        """Note the time of an answer that is whole, and ask again."""
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if len(body) < int(length):
            return
        now = time.perf_counter()
        if now >= self._warm:  # whenever it was sent: who waits from the start on is seen too
            self.seconds.append(now - self._sent)
            self.errors += head[9:12] != b"200"
        self._buffer = b""
        if now < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """An error, unless it was we who ended."""
        if time.perf_counter() < self._until:
            self.errors += 1
        if not self.done.done():
            self.done.set_result(None)

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(next(self._requests))


async def load(port: int, requests: list[bytes], clients: int, seconds: float) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    warm = time.perf_counter() + WARM_S
    until = warm + seconds
    step = max(1, len(requests) // clients)
    made = [
        (
            await loop.create_connection(
                lambda place=place: Client(requests, place * step % len(requests), until, warm),
                "127.0.0.1",
                port,
            )
        )[1]
        for place in range(clients)
    ]
    await asyncio.gather(*(client.done for client in made))
    times = np.concatenate([client.seconds for client in made]) * 1e3
    return {
        "a_second": len(times) / seconds,
        "p50_ms": float(np.percentile(times, 50)),
        "p99_ms": float(np.percentile(times, 99)),
        "errors": sum(client.errors for client in made),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", metavar="PORT", type=int)
    parser.add_argument("path", metavar="PATH", help="such as /recommend")
    parser.add_argument("clients", metavar="CLIENTS", type=int)
    parser.add_argument("seconds", metavar="SECONDS", type=float)
    parser.add_argument("bodies", metavar="BODIES", type=Path)
    given = parser.parse_args()
    head = f"POST {given.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    requests = [
        f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        for body in given.bodies.read_bytes().splitlines()
    ]
    found = uvloop.run(load(given.port, requests, given.clients, given.seconds))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
