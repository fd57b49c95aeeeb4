"""The one way to machine code: numba, kept on disk for this very state of the planner's files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from numba import njit
from numba.core import config

F = TypeVar("F", bound=Callable[..., object])
HERE = Path(__file__).parent


def _cache_directory() -> Path:
    """numba looks only at a function's own file; what it calls in others may be newer."""
    digest = hashlib.sha256()
    for file in sorted(HERE.glob("plan*.py")):
        digest.update(file.read_bytes())
    return HERE / "__pycache__" / f"plan-{digest.hexdigest()[:16]}"


CACHE = _cache_directory()


def compiled(function: F) -> F:
    """`function` compiled at its first call; where the cache cannot be written, in each process.

    Call `plan_warm.warm_up` when a process starts: the first call takes seconds.
    """
    usual = config.CACHE_DIR
    config.CACHE_DIR = str(CACHE)
    try:
        machine_code: F = njit(cache=True)(function)
    finally:
        config.CACHE_DIR = usual
    return machine_code
