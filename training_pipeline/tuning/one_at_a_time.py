"""One tuning at a time in a store: two would take each other's trials for left-overs."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saldopas.training_pipeline.console import RunFailedError


@contextmanager
def one_at_a_time(directory: Path) -> Iterator[None]:
    """Hold `.tuning.lock` of the store; a killed holder frees it.

    Raises:
        RunFailedError: somebody else holds it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".tuning.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunFailedError(
                f"another `saldopas tune` works in {directory}: wait for it, or end it"
            ) from error
        yield
