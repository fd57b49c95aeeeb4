"""The one way to machine code: numba without a cache of the first request's types in its way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """`function` compiled at its first call and kept on disk beside its file.

    Call a module's `warm_up()` when a process starts: the first call takes seconds.
    """
    machine_code: F = njit(cache=True)(function)
    return machine_code
