"""Coroutines in tests that are no coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def in_own_loop(
    work: Coroutine[Any, Any, T],
    run: Callable[[Coroutine[Any, Any, T]], T] = asyncio.run,
) -> T:
    """In a thread: the browser of the page's tests keeps a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run, work).result()
