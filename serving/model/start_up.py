"""What a worker does once, so that it answers at once and keeps no more than it needs."""

from __future__ import annotations

import ctypes
import gc

import pyarrow as pa

GARBAGE = 20_000  # objects more, then the youngest are looked at


def give_memory_back() -> None:
    """To the system, what the allocators keep of what was read: tens of megabytes at the start."""
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc
    if trim is not None:
        trim(0)


def leave_alone_what_stays() -> None:
    """What was loaded stays until the process ends: the collector need not look at it each time.

    What a request leaves is freed by itself; collecting seldom keeps pauses out of answers.
    """
    gc.collect()
    gc.freeze()
    give_memory_back()
    gc.set_threshold(GARBAGE, 20, 20)
