"""Benchmarks say how they are called; a wrong call is a usage line, not a traceback."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("name", ["check_tafeng_protocol", "serving_load"])
def test_help(name: str) -> None:
    done = {
        arguments: subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", *arguments],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        for arguments in ((), ("--help",))
    }
    assert done["--help",].returncode == 0
    assert done["--help",].stdout.startswith("usage: ")
    assert done[()].returncode == 2
    assert done[()].stderr.startswith("usage: ")
