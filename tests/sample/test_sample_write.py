"""What is written is a data set of the contract, whole or not at all; and the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from saldopas.features.errors import DataError
from saldopas.features.tables.dataset_config import Banded, read_dataset_config
from saldopas.training_pipeline.commands import main as cli
from saldopas.training_pipeline.ingest.sample.config import SampleConfig, read_sample_config
from saldopas.training_pipeline.ingest.sample.generate import SampleTables, generate, write_sample
from typer.testing import CliRunner

SMALL = SampleConfig(participants=300, courses=60)
ARGUMENTS = ["sample", "--participants", "300", "--courses", "60", "--seed", "7"]


@pytest.fixture(scope="module")
def tables() -> SampleTables:
    return generate(SMALL, seed=7)


def test_files_read_back_as_they_were(tables: SampleTables, tmp_path: Path) -> None:
    write_sample(tables, SMALL, tmp_path / "d", seed=7)
    for name in ("participants", "courses", "purchases"):
        back = pd.read_parquet(tmp_path / "d" / f"{name}.parquet")
        pd.testing.assert_frame_equal(back, getattr(tables, name))
    assert [path.name for path in tmp_path.iterdir()] == ["d"]  # nothing half-written is left


def test_dataset_toml_declares_the_profile_but_not_the_sensitive(
    tables: SampleTables, tmp_path: Path
) -> None:
    write_sample(tables, SMALL, tmp_path / "d", seed=7)
    config = read_dataset_config(tmp_path / "d" / "dataset.toml")
    assert (config.name, config.scheme, config.timezone) == ("sample", "2021", "Asia/Jakarta")
    assert "no public purchase data" in config.description
    assert config.profile is not None
    assert config.profile["age"] == Banded(kind="banded", edges=(26, 36, 46, 56))
    assert set(config.profile) < set(tables.participants.columns)
    assert "disability" in tables.participants
    assert "disability" not in config.profile


def test_csv_keeps_the_time_zone(tables: SampleTables, tmp_path: Path) -> None:
    write_sample(tables, SMALL, tmp_path / "d", seed=7, as_csv=True)
    text = (tmp_path / "d" / "purchases.csv").read_text().splitlines()
    assert len(text) == len(tables.purchases) + 1
    assert "+07:00" in text[1]


def test_a_directory_in_use_is_refused_and_kept(tables: SampleTables, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(DataError, match="give another --out"):
            write_sample(tables, SMALL, tmp_path, seed=7, overwrite=overwrite)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_overwrite_replaces_a_data_set(tables: SampleTables, tmp_path: Path) -> None:
    out = tmp_path / "d"
    write_sample(tables, SMALL, out, seed=7, as_csv=True)
    write_sample(tables, SMALL, out, seed=7, overwrite=True)
    assert not list(out.glob("*.csv"))
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_a_failed_write_leaves_what_was_there(tables: SampleTables, tmp_path: Path) -> None:
    out = tmp_path / "d"
    write_sample(tables, SMALL, out, seed=7)
    before = (out / "purchases.parquet").read_bytes()
    unwritable = tables.purchases.assign(rating=pd.Series([object()] * len(tables.purchases)))
    broken = SampleTables(tables.participants, tables.courses, unwritable)
    with pytest.raises(Exception, match="object"):
        write_sample(broken, SMALL, out, seed=7, overwrite=True)
    assert (out / "purchases.parquet").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_command_reports_the_calibration_as_json(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.app, [*ARGUMENTS, "--out", str(tmp_path / "d"), "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["rows"]["participants"] == 300
    assert "no public purchase data" in report["notice"]
    assert {one["name"] for one in report["calibration"]} >= {"gender: F", "no first purchase"}
    assert "no public purchase data" in result.stderr


def test_command_says_that_the_data_are_generated(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.app, [*ARGUMENTS, "--out", str(tmp_path / "d")])
    assert result.exit_code == 0, result.output
    assert "no public purchase data" in result.stdout
    assert "Not judged" in result.stderr


def test_bad_data_ends_with_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    monkeypatch.setattr(sys, "argv", ["saldopas", *ARGUMENTS, "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert "is not empty" in " ".join(capsys.readouterr().err.split())  # a narrow screen wraps


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[choice]\ntaste = 3", "choice.taste"),
        ("[purchases]\nnever_completed = 1.5", "never_completed"),
        ("[people.education]\nSMA = 1.0", "education must list SD, SMP"),
        ("[catalogue.categories]\nKopi = 1.0", "unknown category"),
        ("[catalogue]\ncloses = 2021-06-30", "after the catalogue closes"),
        ("participants = 3", "is an option"),
        ("people = [", "is not TOML"),
    ],
)
def test_a_bad_configuration_is_refused_with_its_key(
    tmp_path: Path, text: str, problem: str
) -> None:
    path = tmp_path / "sample.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=problem):
        read_sample_config(path, participants=300)


def test_a_configuration_file_changes_an_assumption(tmp_path: Path) -> None:
    path = tmp_path / "sample.toml"
    path.write_text("[purchases]\nno_first_purchase = 1.0\n")
    tables = generate(read_sample_config(path, participants=50, courses=20), seed=1)
    assert len(tables.purchases) == 0


def test_the_command_line_loads_nothing_heavy_for_help() -> None:
    code = (
        "import sys, saldopas.training_pipeline.commands.sample;"
        "print([name for name in ('numpy', 'pandas', 'scipy', 'pyarrow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
