"""Machine code: compiled once, by no process that answers; read, and its bitcode let go."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from saldopas.models.native.kernel_code import machine_code
from saldopas.models.native.machine_code import is_made
from saldopas.models.planner.plan_entries import plan_plain, plan_ruled
from saldopas.models.planner.plan_warm import warm_up

ROOT = Path(__file__).parents[2]
CODE = """
from saldopas.models.native.machine_code import fetch, is_made
from saldopas.models.native.kernel_code import machine_code
from saldopas.models.native.machine_code import is_made
from saldopas.models.native.compiled import HERE

print("made" if is_made("kernel") else "missing", HERE, flush=True)
input()
fetch("kernel")
compiled = [sum(entry.stats.cache_misses.values()) for entry in machine_code()]
print(is_made("kernel"), sum(compiled), flush=True)
"""


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """The packages on a machine where nothing was compiled."""
    for name in ("features", "models"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def started(where: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CODE],
        cwd=where,
        env=os.environ | {"PYTHONPATH": str(where)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_of_two_that_start_together_neither_compiles(fresh: Path) -> None:
    both = [started(fresh) for _ in range(2)]
    for one in both:
        assert one.stdout is not None
        assert one.stdout.readline() == f"missing {fresh / 'models'}\n"
    for one in both:
        printed, _ = one.communicate("\n", timeout=300)
        assert printed == "True 0\n"
        assert one.returncode == 0
    [directory] = (fresh / "models" / "__pycache__").glob("kernel-*")
    files = {file.name: file.stat().st_mtime_ns for file in directory.rglob("*.nbc")}
    later = started(fresh)
    assert later.communicate("\n", timeout=300)[0].splitlines()[-1] == "True 0"
    assert {file.name: file.stat().st_mtime_ns for file in directory.rglob("*.nbc")} == files


def test_whoever_compiled_it_left_the_mark() -> None:
    """So the first service after a training on the machine has nothing to wait for."""
    machine_code()
    warm_up()
    assert is_made("kernel")
    assert is_made("planner")


@pytest.mark.slow
def test_where_nothing_can_be_written_it_compiles_itself(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (fresh / "models" / "__pycache__").write_text("no directory")
    (fresh / "home").write_text("none")
    monkeypatch.setenv("HOME", str(fresh / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    one = started(fresh)
    assert one.communicate("\n", timeout=300)[0].splitlines()[-1].startswith("False ")
    assert one.returncode == 0


def test_what_only_python_calls_runs_without_its_bitcode() -> None:
    warm_up()
    outer: list[Any] = [plan_plain, plan_ruled, *machine_code()]
    libraries = [one.library for function in outer for one in function.overloads.values()]
    assert len(libraries) == len(outer)
    assert [one._shared_module for one in libraries] == [None] * len(outer)
    warm_up()
