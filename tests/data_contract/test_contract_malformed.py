"""Each malformed dataset is refused by the command line: exit 2, one line, where and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.data_contract.command_outcome import Run
from tests.data_contract.malformed_files import FILES
from tests.data_contract.malformed_values import VALUES
from tests.data_contract.small_dataset import replaced, write_parquet

CASES = {**FILES, **VALUES}


@pytest.mark.parametrize("name", CASES)
def test_malformed(name: str, good: Path, run: Run) -> None:
    edit, where, what = CASES[name]
    edit(good)
    outcome = run("validate", good)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1
    assert outcome.err.startswith(f"saldopas: {where}")
    assert what in outcome.err
    assert "; " in outcome.err  # the remedy


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("/nowhere/at-all", "does not exist"),
        ("sqlite:////nowhere/at-all.db", "no SQLite file"),
        ("sqlite://", "the URL names no SQLite file; give a directory, sqlite:///FILE or"),
        ("mysql://x@localhost/y", "databases of kind mysql are not read"),
        ("http://127.0.0.1/data", "databases of kind http"),
        ("postgresql://u:secret@127.0.0.1:9/db", "cannot be read"),
    ],
)
def test_no_source(source: str, says: str, run: Run) -> None:
    outcome = run("validate", source)
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert says in outcome.err
    assert "secret" not in outcome.err


@pytest.mark.parametrize(
    ("option", "says"), [("--max-rows=3", "rows, more than the limit"), ("--max-gib=0", "bytes")]
)
@pytest.mark.parametrize("parquet", [False, True])
def test_too_large(
    option: str, says: str, parquet: bool, tmp_path: Path, good: Path, run: Run
) -> None:
    source = write_parquet(tmp_path / "parquet") if parquet else good
    outcome = run("validate", source, option)
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert says in outcome.err
    assert option.split("=")[0] in outcome.err


def test_more_problems_are_counted(good: Path, run: Run) -> None:
    replaced("courses", "300000", "-1")(good)
    replaced("purchases", "active", "paid")(good)
    outcome = run("validate", good)
    # the course, and its two purchases, and the status
    assert "(and 3 more; --quarantine FILE sets bad rows aside)" in outcome.err


@pytest.mark.slow
def test_one_line_even_where_there_is_no_terminal(good: Path) -> None:
    replaced("purchases", "2021-03-01T08:30:00", "01/03/2021")(good)
    command = [sys.executable, "-m", "saldopas", "validate", str(good)]
    environment = {k: v for k, v in os.environ.items() if k != "COLUMNS"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
