"""`saldopas score`: a request table is read by the contract, and nobody asked is no failure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from saldopas.features.errors import DataError
from saldopas.training_pipeline.scoring import lists as batch_scoring
from saldopas.training_pipeline.scoring.lists import score_to_file
from saldopas.training_pipeline.scoring.request_table import read_requests
from saldopas.training_pipeline.training.record import TrainingRecord

from tests.small_world import SmallWorld

COLUMNS = ["participant_id", "rank", "course_id", "score", "source"]


def csv(folder: Path, text: str) -> Path:
    path = folder / "requests.csv"
    path.write_text(text, "utf-8")
    return path


def parquet(folder: Path, **columns: Any) -> Path:
    path = folder / "requests.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def test_ids_and_balances_of_csv(tmp_path: Path) -> None:
    path = csv(tmp_path, "participant_id,balance\n007,300000\nNA,\nb,300000.00\n1.0,0\n")
    ids, balances = read_requests(path)
    assert ids == ["007", "NA", "b", "1.0"]
    assert balances == [300_000, None, 300_000, 0]


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([1.0, 2.0, 3.0]),
        pa.array([1, 2, 3]),
        pa.array(["1", "2", "3"]),
        pa.array(["1", "2", "3"]).dictionary_encode(),
    ],
    ids=lambda ids: str(ids.type)[:10],
)
def test_parquet_ids_are_read_as_those_of_the_data(tmp_path: Path, ids: pa.Array) -> None:
    path = parquet(tmp_path, participant_id=ids, balance=[1.0, None, 3.0])
    assert read_requests(path) == (["1", "2", "3"], [1, None, 3])


def test_without_balances_nobody_has_a_limit(tmp_path: Path) -> None:
    assert read_requests(csv(tmp_path, "participant_id\na\nb\n")) == (["a", "b"], [None, None])


@pytest.mark.parametrize(
    ("text", "where", "problem"),
    [
        ("a,300.000", "column balance, row 1", "a fraction or a thousands separator"),
        ("a,5\nb,-1", "column balance, row 2", "the amount is negative"),
        ("a,9007199254740993", "column balance, row 1", "absurdly large"),
        ("a,much", "column balance, row 1", "not a whole number"),
        ("a,5\n,300000", "column participant_id, row 2", "it has no value"),
        ("a,5\nb,6\na,7", "column participant_id, row 3", "the id occurs twice"),
        ("a,5\nb", "row 2", "it has 1 fields"),
        (f"{'a' * 201},5", "column participant_id, row 1", "the id is too long"),
    ],
)
def test_bad_rows_are_refused_by_name(tmp_path: Path, text: str, where: str, problem: str) -> None:
    with pytest.raises(DataError) as refused:
        read_requests(csv(tmp_path, f"participant_id,balance\n{text}\n"))
    assert str(refused.value).startswith(f"table requests.csv, {where}: ")
    assert problem in str(refused.value)
    assert "quarantine" not in str(refused.value)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"participant_id": ["a"], "balance": [True]}, "column balance: it is stored as bool"),
        ({"participant_id": [["a"]]}, "column participant_id: it is stored as list"),
        ({"participant_id": [1.5]}, "column participant_id, row 1: it has a fraction"),
        ({"id": ["a"]}, "column participant_id: missing (it has: id); add the column"),
    ],
)
def test_bad_columns_are_refused_by_name(
    tmp_path: Path, columns: dict[str, Any], problem: str
) -> None:
    with pytest.raises(DataError) as refused:
        read_requests(parquet(tmp_path, **columns))
    assert str(refused.value).startswith(f"table requests.parquet, {problem}")


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    table = pa.table([["a"], ["b"]], names=["participant_id", "participant_id"])
    pq.write_table(table, tmp_path / "requests.parquet")
    for path in (
        tmp_path / "requests.parquet",
        csv(tmp_path, "participant_id,balance,balance\na,1,2\n"),
    ):
        with pytest.raises(DataError, match="the column name occurs twice"):
            read_requests(path)


def test_columns_that_are_not_read_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read_requests(csv(tmp_path, "participant_id,Balance\na,5\n"))
    said = capsys.readouterr().err
    assert said.startswith("warning: requests.csv: not read: Balance; known are participant_id ")
    assert "nobody has a limit" in said
    frame = pd.DataFrame({"participant_id": ["a"], "balance": [5]}, index=[7])
    frame.to_parquet(tmp_path / "indexed.parquet")
    read_requests(tmp_path / "indexed.parquet")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["none.csv", "none.parquet", "."])
def test_no_file_is_said_so(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="there is no file"):
        read_requests(tmp_path / name)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_nobody_asked_gives_a_table_without_rows(
    tmp_path: Path, small_world: SmallWorld, small_record: TrainingRecord, suffix: str
) -> None:
    out = tmp_path / f"out.{suffix}"
    read = pd.read_parquet if suffix == "parquet" else pd.read_csv
    somebody = csv(tmp_path, "participant_id,balance\nnobody-knows-me,\n")
    scored(small_world, small_record, somebody, out)
    full = read(out)
    assert len(full) == 2
    done = scored(small_world, small_record, csv(tmp_path, "participant_id,balance\n"), out)
    empty = read(out)
    assert (done["participants"], done["rows"]) == (0, 0)
    assert empty.columns.tolist() == COLUMNS
    assert len(empty) == 0
    if suffix == "parquet":
        assert empty.dtypes.equals(full.dtypes)


@pytest.mark.parametrize(
    "name", ["folder.csv", "/proc/x/y.parquet", "/proc/y.csv", "file/y.csv", f"{'a' * 300}.csv"]
)
def test_an_out_that_cannot_be_made_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").touch()
    monkeypatch.setattr(batch_scoring, "load_artifact", lambda path: pytest.fail("it was read"))
    with pytest.raises(DataError, match=r"name (another place|a file in it)"):
        score_to_file(tmp_path, "nowhere", requests=None, out=tmp_path / name, n=2)


def test_bad_requests_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    bad = csv(tmp_path, 'participant_id\n""\n')
    with pytest.raises(DataError, match="it has no value"):
        score_to_file(tmp_path, "nowhere", requests=bad, out=tmp_path / "o.csv", n=2)


def scored(world: SmallWorld, record: TrainingRecord, requests: Path, out: Path) -> dict[str, Any]:
    return score_to_file(record.artifact, str(world.directory), requests=requests, out=out, n=2)
