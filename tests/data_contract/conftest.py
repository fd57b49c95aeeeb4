"""The real command line in this process, and a real PostgreSQL on loopback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from saldopas.training_pipeline.commands import main as cli

from tests.data_contract.command_outcome import Outcome, Run
from tests.data_contract.small_dataset import write_good
from tests.postgres_server import MISSING, postgres_binaries, postgres_server


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`saldopas` with arguments, in this process."""

    def run_saldopas(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["saldopas", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)

    return run_saldopas


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """The small good dataset as CSV."""
    return write_good(tmp_path / "data")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a fresh PostgreSQL server that ends with the tests."""
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip(MISSING)
    with postgres_server(binaries) as url:
        yield url
