"""The one way to machine code: numba, kept on disk for the very files it is made of."""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numba
from llvmlite import binding
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


class Compiler:
    """Decorates functions that Python calls and that are made of the files `pattern`.

    numba looks only at a function's own file, and what it calls in others may be newer: so the
    machine code lies in a directory named by the content of all these files. Where nothing can be
    written, each process compiles for itself.

    Args:
        pattern: of file names beside this one.
        others: files whose constants stand in the code as well.
        options: of `numba.njit`.

    Attributes:
        directory: of the machine code; it need not exist yet.
    """

    def __init__(self, pattern: str, *others: Path, **options: Any) -> None:
        self._files = (*sorted(HERE.glob(pattern)), *others)
        self.directory = cache_directory(pattern, others)
        self._options = options

    def __call__(self, function: F) -> F:
        """The dispatcher, which compiles or reads from disk what it is called with."""
        usual = config.CACHE_DIR
        config.CACHE_DIR = str(self.directory)
        try:
            kept: F = njit(cache=True, **self._options)(function)
        except RuntimeError:  # no directory at all can be written
            kept = njit(**self._options)(function)
        finally:
            config.CACHE_DIR = usual
        return kept

    @property
    def is_made(self) -> bool:
        """Some process has left all of it on disk, on a machine like this one."""
        return self._mark().exists()

    def leave_mark(self) -> None:
        """All of it is on disk, but where nothing can be written."""
        with suppress(OSError):
            self._mark().touch()

    def _mark(self) -> Path:
        """Named by all that numba's own look into the directory depends on."""
        features = binding.get_host_cpu_features().flatten()
        machine = (platform.python_version(), binding.get_host_cpu_name(), features)
        written = [file.stat().st_mtime_ns for file in self._files]
        of = repr((numba.__version__, machine, written))
        return self.directory / f"made-{hashlib.sha256(of.encode()).hexdigest()[:16]}"


def let_bitcode_go(*functions: Any) -> None:
    """Free what numba keeps of a function it has read, in case a caller of it is to be compiled.

    That takes more than the code itself, 25 MB in a worker. numba has no call for it: where a
    release names it otherwise, it is kept.

    Args:
        functions: of `Compiler`, that no compiled function calls.
    """
    for function in functions:
        for compiled in function.overloads.values():
            if getattr(compiled.library, "_shared_module", None) is not None:
                compiled.library._shared_module = None


def cache_directory(pattern: str, others: Sequence[Path]) -> Path:
    """Beside the package, named by what the files hold."""
    digest = hashlib.sha256()
    for file in (*sorted(HERE.glob(pattern)), *others):
        digest.update(file.read_bytes())
    name = re.match(r"[a-z]*", pattern)
    return HERE / "__pycache__" / f"{name and name.group()}-{digest.hexdigest()[:16]}"
