"""Machine code that is missing is made by a process of its own, and read by those that answer.

    python -m saldopas.models.native.machine_code planner

Compiling takes a process half a gigabyte, which it keeps, and holds its other threads up. Of
processes that start together one compiles and the others wait for it.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Literal, NamedTuple

from saldopas.models.native.compiled import HERE, Compiler
from saldopas.models.planner.plan_compiled import compiled
from saldopas.models.planner.plan_warm import warm_up

PartName = Literal["planner"]


class Part(NamedTuple):
    """What is compiled together, and what compiles or reads it."""

    compiler: Compiler
    fetch: Callable[[], object]


PARTS: dict[PartName, Part] = {
    "planner": Part(compiled, warm_up),
}


def fetch(name: PartName) -> None:
    """Read the machine code; where it is not on disk, another process compiles it first.

    Where the other process fails, or nothing can be written, this one compiles.
    """
    directory = PARTS[name].compiler.directory
    if not is_made(name):
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with (directory / "lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not is_made(name):
                    _elsewhere(name)
        except OSError:  # it cannot be written to
            pass
    PARTS[name].fetch()


def is_made(name: PartName) -> bool:
    """It need only be read; see `Compiler.is_made`."""
    return PARTS[name].compiler.is_made


def _elsewhere(name: PartName) -> None:
    """Of the very files that this process has, whatever lies where it was started."""
    paths = [str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-P", "-m", __name__, name],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        stdin=subprocess.DEVNULL,
        check=False,
    )


def main() -> None:
    """Compile, or read, the parts that are named."""
    for name, part in PARTS.items():
        if name in sys.argv[1:]:
            part.fetch()


if __name__ == "__main__":
    main()
