"""Processes that make peers' lists: one here, one in the environment of the peers."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.peers import OWN_ENVIRONMENT, Config, Peer

ROOT = Path(__file__).parents[2]


class PeerFailedError(RuntimeError):
    """A peer could not make its lists; its text says why."""


@dataclass
class Workers:
    """Starts `benchmarks.quality.worker` where it is needed, and asks it.

    Attributes:
        here: this environment's python; theirs: that of the peers, None without one.
        scratch: where lists are handed over.
    """

    here: str
    theirs: str | None
    scratch: Path
    _running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._running.values():
            if process.stdin is not None:
                process.stdin.close()
            process.wait()

    def lists(
        self, peer: Peer, config: Config, task: Path
    ) -> tuple[NDArray[np.int32], dict[str, Any]]:
        """((B, 20) lists, seconds of fitting and scoring).

        Raises:
            PeerFailedError: the peer raised, or its process died.
        """
        python = self.theirs if peer.family in OWN_ENVIRONMENT else self.here
        if python is None:
            raise PeerFailedError(f"{peer.family} has no environment")
        out = self.scratch / "lists.npy"
        request = {"peer": peer.name, "config": config, "task": str(task), "out": str(out)}
        process = self._process(python)
        if process.stdin is None or process.stdout is None:
            raise PeerFailedError("the worker has no pipes")
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            del self._running[python]
            raise PeerFailedError(f"its process ended with {process.wait()}")
        found = json.loads(line)
        if "error" in found:
            raise PeerFailedError(found["error"])
        return np.load(out), found

    def _process(self, python: str) -> subprocess.Popen[str]:
        if python not in self._running:
            self._running[python] = subprocess.Popen(
                [python, "-m", "benchmarks.quality.worker"],
                cwd=ROOT,
                env={**os.environ, "PYTHONWARNINGS": "ignore"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        return self._running[python]
