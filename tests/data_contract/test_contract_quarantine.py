"""Bad rows are set aside where they are asked to be, named, and everything that hangs on them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from saldopas.features.tables.dataset import read_dataset

from tests.data_contract.command_outcome import Run
from tests.data_contract.small_dataset import appended, as_parquet, overwritten, replaced


def spoil(folder: Path) -> None:
    replaced("courses", "300000", "-1")(folder)  # c1, which has two purchases
    appended("participants", "p1,1,,,,")(folder)
    appended("purchases", "p2,c3,soon,1,paid,")(folder)
    appended("purchases", "p2,c3")(folder)
    appended("purchases", "p2,c3,2021-05-05,1,paid,")(folder)


@pytest.mark.parametrize("name", ["bad.csv", "bad.parquet"])
def test_rows_are_set_aside(name: str, good: Path, tmp_path: Path, run: Run) -> None:
    spoil(good)
    file = tmp_path / name
    outcome = run("validate", good, "--json", "--quarantine", file)
    assert outcome.code == 0
    summary = json.loads(outcome.out)
    assert summary["quarantined"] == {"participants": 1, "courses": 1, "purchases": 5}
    assert (summary["courses"], summary["purchases"]) == (3, 3)
    bad = pd.read_csv(file) if name.endswith("csv") else pd.read_parquet(file)
    assert list(bad.columns) == ["table", "row", "column", "problem", "raw"]
    found = {(row.table, row.row): (row.column, row.problem) for row in bad.itertuples()}
    assert set(found) == {
        ("participants", 6),
        ("courses", 1),
        *(("purchases", row) for row in (1, 5, 6, 7, 8)),
    }
    assert found["purchases", 1] == ("course_id", "the id is not in the table courses")
    assert found["purchases", 6] == ("purchased_at", "it is not a date or time")
    assert found["purchases", 8][0] == "status"
    raw = json.loads(bad.set_index(["table", "row"])["raw"]["courses", 1])
    assert (raw["course_id"], raw["price"], raw["title"]) == ("c1", "-1", "Barista")


def test_what_is_left_equals_the_data_without_the_bad_rows(good: Path, tmp_path: Path) -> None:
    clean = read_dataset(good)
    appended("purchases", "p2,c3,2021-05-05,1,paid,")(good)
    kept = read_dataset(good, quarantine=tmp_path / "bad.csv")
    assert kept.fingerprint == clean.fingerprint
    assert kept.quarantined == {"participants": 0, "courses": 0, "purchases": 1}


def test_moments_beyond_every_calendar_are_set_aside(good: Path, tmp_path: Path) -> None:
    may = 1_620_000_000
    far = pd.Series([may, 10**15, may, 10**15, may + 9]).astype("datetime64[s]")
    as_parquet("purchases", purchased_at=far)(good)
    dataset = read_dataset(good, quarantine=tmp_path / "bad.parquet")
    assert dataset.quarantined["purchases"] == 2
    raw = json.loads(pd.read_parquet(tmp_path / "bad.parquet")["raw"][0])
    assert raw["purchased_at"] == 10**18  # Parquet has no seconds: milliseconds


def test_good_data_leaves_an_empty_file(good: Path, tmp_path: Path) -> None:
    read_dataset(good, quarantine=tmp_path / "bad.csv")
    assert len(pd.read_csv(tmp_path / "bad.csv")) == 0


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("bad.xlsx", "neither .parquet nor .csv"),
        ("no/bad.csv", "does not exist"),
        ("purchases.csv", "the name of a table"),
    ],
)
def test_file_that_cannot_be(file: str, says: str, good: Path, tmp_path: Path, run: Run) -> None:
    outcome = run("validate", good, "--quarantine", tmp_path / file)
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert says in outcome.err


def test_whole_tables_are_still_refused(good: Path, tmp_path: Path, run: Run) -> None:
    header = "participant_id,course_id,purchased_at\n"
    overwritten("purchases.csv", header + "p9,c1,2021-05-05\n")(good)
    outcome = run("validate", good, "--quarantine", tmp_path / "bad.csv")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "table purchases: no good row is left" in outcome.err
