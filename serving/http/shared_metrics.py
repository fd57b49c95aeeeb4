"""Where the workers of one service leave their numbers for each other, and for nobody else.

BentoML has one directory for all services of a user, and each that starts empties it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

OWN = "SALDOPAS_METRICS_DIR"
USED = "PROMETHEUS_MULTIPROC_DIR"  # by prometheus_client; BentoML sets it for its workers


def make_own_directory() -> None:
    """In the process that starts the workers: they inherit its name; it goes with this process."""
    os.environ[OWN] = directory = tempfile.mkdtemp(prefix="saldopas-metrics-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)


def use_own_directory() -> None:
    """In a worker, before its first metric is made."""
    if OWN in os.environ:
        os.environ[USED] = os.environ[OWN]


def forget_the_dead(directory: Path) -> None:
    """Take gauges away that a killed worker left: what it saw last would be told for good."""
    for file in directory.glob("gauge_live*_*.db"):
        if not _lives(int(file.stem.rpartition("_")[2])):
            file.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    with suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True
