"""Each malformed dataset is refused by the command line: exit 2, one line, where and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Run
from small_dataset import (
    PURCHASES,
    Edit,
    appended,
    as_parquet,
    overwritten,
    removed,
    replaced,
    write_parquet,
)

PERSON, COURSE, BUY = "participants", "courses", "purchases"


def garbled_parquet(folder: Path) -> None:
    as_parquet(BUY)(folder)
    path = folder / "purchases.parquet"
    path.write_bytes(path.read_bytes()[:-200])


def doubled_parquet_column(folder: Path) -> None:
    (folder / "courses.csv").unlink()
    table = pa.table([["c1"], [1], [2]], names=["course_id", "price", "price"])
    pq.write_table(table, folder / "courses.parquet")


def nested_parquet_column(folder: Path) -> None:
    as_parquet(PERSON, skills=[["a"], ["b"], [], None, ["c"]])(folder)


def directory_for_file(folder: Path) -> None:
    (folder / "courses.csv").unlink()
    (folder / "courses.csv").mkdir()


def dead_link(folder: Path) -> None:
    (folder / "courses.csv").unlink()
    (folder / "courses.csv").symlink_to(folder / "nowhere.csv")


# name: edit, what the line must say of the place, and of the problem
CASES: dict[str, tuple[Edit, str, str]] = {
    "no courses": (removed("courses.csv"), "table courses: ", "holds no courses.parquet or"),
    "no purchases": (removed("purchases.csv"), "table purchases: ", "add the file"),
    "both formats": (
        lambda f: (write_parquet(f), (f / "courses.csv").exists()),
        "table participants: ",
        "it is there twice",
    ),
    "a directory": (directory_for_file, "table courses: ", "is not a file"),
    "a dead link": (dead_link, "table courses: ", "is not a file"),
    "column missing": (
        replaced(COURSE, "course_id,price", "course_id,harga"),
        "table courses, column price: ",
        "it has: course_id, harga, title",
    ),
    "semicolons": (
        overwritten("courses.csv", "course_id;price\nc1;1\n"),
        "table courses, column course_id: ",
        "it has: course_id;price",
    ),
    "column twice": (
        replaced(COURSE, "title,category", "title,title"),
        "table courses, column title: ",
        "occurs twice",
    ),
    "Parquet column twice": (
        doubled_parquet_column,
        "table courses, column price: ",
        "occurs twice",
    ),
    "empty file": (overwritten("purchases.csv", ""), "table purchases: ", "is empty"),
    "only a header": (
        overwritten("purchases.csv", PURCHASES.splitlines()[0] + "\n"),
        "table purchases: ",
        "has no rows",
    ),
    "course twice": (
        appended(COURSE, "c1,5,,,,,,"),
        "table courses, column course_id, row 5: ",
        "the id occurs twice ('c1')",
    ),
    "participant twice": (
        appended(PERSON, "p5,,,,,"),
        "table participants, column participant_id, row 6: ",
        "the id occurs twice",
    ),
    "purchase twice": (
        appended(BUY, "p1,c1,2021-02-03 10:00,1,,"),
        "table purchases, column purchased_at, row 6: ",
        "same participant, course and time",
    ),
    "unknown participant": (
        appended(BUY, "p9,c1,2021-05-01,1,,"),
        "table purchases, column participant_id, row 6: ",
        "not in the table participants ('p9')",
    ),
    "unknown course": (
        appended(BUY, "p1,c9,2021-05-01,1,,"),
        "table purchases, column course_id, row 6: ",
        "not in the table courses ('c9')",
    ),
    "no id": (
        appended(PERSON, ",30,,,,"),
        "table participants, column participant_id, row 6: ",
        "it has no value",
    ),
    "no time": (
        appended(BUY, "p1,c1,,1,,"),
        "table purchases, column purchased_at, row 6: ",
        "it has no value",
    ),
    "no price": (
        appended(COURSE, "c9,,,,,,,"),
        "table courses, column price, row 5: ",
        "it has no value",
    ),
    "control character": (
        appended(PERSON, "p\x077,30,,,,"),
        "table participants, column participant_id, row 6: ",
        "control character",
    ),
    "long id": (
        appended(COURSE, f"{'c' * 201},1,,,,,,"),
        "table courses, column course_id, row 5: ",
        "too long",
    ),
    "negative price": (
        replaced(COURSE, "24000", "-24000"),
        "table courses, column price, row 2: ",
        "negative ('-24000')",
    ),
    "fraction": (
        replaced(COURSE, "24000", "24000.5"),
        "table courses, column price, row 2: ",
        "fraction",
    ),
    "thousands dot": (
        replaced(COURSE, "24000", "24.000"),
        "table courses, column price, row 2: ",
        "thousands separator ('24.000')",
    ),
    "a word for a price": (
        replaced(COURSE, "24000", "Rp24000"),
        "table courses, column price, row 2: ",
        "not a whole number",
    ),
    "above 2^53": (
        replaced(COURSE, "24000", str(2**53 + 1)),
        "table courses, column price, row 2: ",
        "absurdly large",
    ),
    "above 64 bits": (
        replaced(COURSE, "24000", "9" * 40),
        "table courses, column price, row 2: ",
        "absurdly large",
    ),
    "NaN price": (
        replaced(COURSE, "24000", "NaN"),
        "table courses, column price, row 2: ",
        "not a whole number",
    ),
    "infinite price": (
        as_parquet(COURSE, price=[1.0, float("inf"), 2.0, 3.0]),
        "table courses, column price, row 2: ",
        "not a finite number",
    ),
    "huge unsigned price": (
        as_parquet(COURSE, price=pd.Series([1, 2**64 - 1, 2, 3], dtype="uint64")),
        "table courses, column price, row 2: ",
        "absurdly large",
    ),
    "a date for a price": (
        as_parquet(COURSE, price=pd.Timestamp("2021-01-01")),
        "table courses, column price: ",
        "not a whole number",
    ),
    "negative payment": (
        replaced(BUY, "24000", "-1"),
        "table purchases, column price_paid, row 2: ",
        "negative",
    ),
    "negative balance": (
        replaced(PERSON, "1000000", "-1"),
        "table participants, column balance, row 1: ",
        "negative",
    ),
    "negative quota": (
        replaced(COURSE, "food,100", "food,-100"),
        "table courses, column quota, row 1: ",
        "the quota is not within",
    ),
    "30 February": (
        replaced(BUY, "2021-03-01", "2021-02-30"),
        "table purchases, column purchased_at, row 3: ",
        "no such date",
    ),
    "hour 25": (
        replaced(BUY, "T10:00", "T25:00"),
        "table purchases, column purchased_at, row 1: ",
        "no such date",
    ),
    "not ISO": (
        replaced(BUY, "2021-03-01T08:30:00", "01/03/2021"),
        "table purchases, column purchased_at, row 3: ",
        "write 2021-03-01",
    ),
    "epoch text": (
        replaced(BUY, "2021-03-01T08:30:00", "1614587400"),
        "table purchases, column purchased_at, row 3: ",
        "not a date",
    ),
    "epoch integers": (
        as_parquet(BUY, purchased_at=range(5)),
        "table purchases, column purchased_at: ",
        "store a date or time",
    ),
    "year 1": (
        replaced(BUY, "2021-03-01", "0001-03-01"),
        "table purchases, column purchased_at, row 3: ",
        "within 1970..2100",
    ),
    "year 9999": (
        replaced(COURSE, "2021-12-31", "9999-12-31"),
        "table courses, column on_sale_until, row 2: ",
        "within 1970..2100",
    ),
    "a timestamp out of all bounds": (
        as_parquet(BUY, purchased_at=pd.Series([10**15] * 5).astype("datetime64[s]")),
        "table purchases, column purchased_at, row 1: ",
        "within 1970..2100",
    ),
    "a duration": (
        as_parquet(PERSON, age=pd.to_timedelta([1, 2, 3, 4, 5], unit="D")),
        "table participants, column age: ",
        "it is stored as duration",
    ),
    "profile of ids": (
        overwritten("dataset.toml", "[profile]\nparticipant_id = { kind = 'categorical' }"),
        "table dataset.toml, column profile: ",
        "participant_id is no profile column",
    ),
    "mixed zones after a malformed row": (
        replaced(
            BUY, "p2,c2,2021-02-03T09:00:00,24000,active,", "p2\np2,c2,2021-02-03T09:00:00Z,,,"
        ),
        "table purchases, column purchased_at, row 3: ",
        "some times name their zone",
    ),
    "mixed zones": (
        replaced(BUY, "2021-03-01T08:30:00", "2021-03-01T08:30:00+07:00"),
        "table purchases, column purchased_at, row 3: ",
        "some times name their zone",
    ),
    "before the sale": (
        appended(BUY, "p1,c4,2021-01-31T23:59:59,,,"),
        "table purchases, column purchased_at, row 6: ",
        "before the course's on_sale_from",
    ),
    "after the sale": (
        appended(BUY, "p1,c2,2022-01-01,,,"),
        "table purchases, column purchased_at, row 6: ",
        "after the course's on_sale_until",
    ),
    "sale ends first": (
        replaced(COURSE, "2021-12-31", "2020-12-31"),
        "table courses, column on_sale_until, row 2: ",
        "before on_sale_from",
    ),
    "unknown status": (
        replaced(BUY, "active", "paid"),
        "table purchases, column status, row 2: ",
        "write one of completed, active, cancelled",
    ),
    "rating 6": (
        replaced(BUY, "completed,4.5", "completed,6"),
        "table purchases, column rating, row 1: ",
        "within 0..5",
    ),
    "rating good": (
        replaced(BUY, "completed,4.5", "completed,good"),
        "table purchases, column rating, row 1: ",
        "not a finite number",
    ),
    "opted out maybe": (
        replaced(PERSON, "2021-01-01,false", "2021-01-01,maybe"),
        "table participants, column opted_out, row 1: ",
        "write true or false",
    ),
    "list column": (nested_parquet_column, "table participants, column skills: ", "store text"),
    "too few fields": (
        appended(BUY, "p1,c1"),
        "table purchases, row 6: ",
        "2 fields where the header has 6",
    ),
    "too many fields": (
        replaced(BUY, "p2,c2", "p2,c2,c3"),
        "table purchases, row 2: ",
        "7 fields where the header has 6",
    ),
    "open quote": (
        replaced(COURSE, '"Bahasa, dasar"', '"Bahasa'),
        "table courses, row 2: ",
        "never closed",
    ),
    "Latin-1": (
        appended(COURSE, b"c9,1,Caf\xe9,,,,,"),
        "table courses, row 5: ",
        "is not UTF-8 text",
    ),
    "UTF-16": (
        overwritten("purchases.csv", PURCHASES.encode("utf-16")),
        "table purchases: ",
        "save the file as UTF-8",
    ),
    "truncated Parquet": (garbled_parquet, "table purchases: ", "cannot be read as Parquet"),
    "text in a .parquet": (
        lambda f: (removed("courses.csv")(f), overwritten("courses.parquet", "x" * 99)(f)),
        "table courses: ",
        "write the file again",
    ),
    "bad dataset.toml": (
        overwritten("dataset.toml", "timezone = 'Mars/Olympus'"),
        "table dataset.toml, column timezone: ",
        "unknown time zone",
    ),
    "unknown key": (
        overwritten("dataset.toml", "colour = 'red'"),
        "table dataset.toml, column colour: ",
        "docs/data-contract.md",
    ),
    "declared numeric, holds words": (
        overwritten("dataset.toml", "[profile]\ngender = { kind = 'numeric' }"),
        "table participants, column gender, row 1: ",
        "not a finite number",
    ),
}


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
    command = [sys.executable, "-m", "training_pipeline.cli", "validate", str(good)]
    environment = {k: v for k, v in os.environ.items() if k != "COLUMNS"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
