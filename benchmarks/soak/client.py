"""A small HTTP/1.1 client: one kept connection, JSON in and out."""

from __future__ import annotations

import asyncio
import json
from typing import Any

TIMEOUT_S = 10.0


class BrokenError(Exception):
    """No whole answer came."""


class Client:
    """Opens a connection when there is none; after a failure the next request opens another."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of an answer.

        Raises:
            BrokenError: the connection ended, or nothing came in time.
        """
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n"
        head += "Content-Type: application/json\r\n\r\n" if content else "\r\n"
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._exchange(head.encode() + content)
        except (OSError, EOFError, TimeoutError, ValueError, IndexError) as error:
            await self.close()
            raise BrokenError(type(error).__name__) from error

    async def close(self) -> None:
        """Let the connection go."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _exchange(self, request: bytes) -> tuple[int, Any]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(head.split(" ", 2)[1])
        length = int(head.split("content-length:", 1)[1].split("\r\n", 1)[0])
        content = await reader.readexactly(length)
        if "connection: close" in head:
            await self.close()
        return status, json.loads(content)
