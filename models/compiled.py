"""The one way to machine code: numba, kept on disk for the very files it is made of."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from numba import njit
from numba.core import config

F = TypeVar("F", bound=Callable[..., object])
# of a function that only machine code calls: it is part of what calls it
inner = njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
# the same, where the order of a sum is free: several at a time
summing = njit(
    nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, fastmath={"reassoc", "nsz"}
)
HERE = Path(__file__).parent


def compiler(pattern: str, *others: Path, **options: Any) -> Callable[[F], F]:
    """Compiles functions that Python calls and that are made of the files `pattern`.

    numba looks only at a function's own file, and what it calls in others may be newer: so the
    machine code lies in a directory named by the content of all these files. Where nothing can be
    written, each process compiles for itself.

    Args:
        pattern: of file names beside this one.
        others: files whose constants stand in the code as well.
        options: of `numba.njit`.
    """
    cache = _directory(pattern, others)

    def entry(function: F) -> F:
        usual = config.CACHE_DIR
        config.CACHE_DIR = str(cache)
        try:
            kept: F = njit(cache=True, **options)(function)
        except RuntimeError:  # no directory at all can be written
            fresh: F = njit(**options)(function)
            return fresh
        finally:
            config.CACHE_DIR = usual
        return kept

    return entry


def _directory(pattern: str, others: Sequence[Path]) -> Path:
    digest = hashlib.sha256()
    for file in (*sorted(HERE.glob(pattern)), *others):
        digest.update(file.read_bytes())
    name = re.match(r"[a-z]*", pattern)
    return HERE / "__pycache__" / f"{name and name.group()}-{digest.hexdigest()[:16]}"
