"""Datasets of which a file is missing, doubled, cut off, or not what its name says."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.data_contract.small_dataset import (
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
FILES: dict[str, tuple[Edit, str, str]] = {
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
        "table courses: ",
        """one column ('course_id;price'); write it with commas, or give separator = ";" in a""",
    ),
    "tabs": (
        overwritten("courses.csv", "course_id\tprice\nc1\t1\n"),
        "table courses: ",
        'give separator = "\\t" in a map',
    ),
    "gzip": (
        overwritten("courses.csv", gzip.compress(b"course_id,price\nc1,1\n")),
        "table courses: ",
        "courses.csv is packed (gzip); unpack it",
    ),
    "a spreadsheet": (
        overwritten("courses.csv", b"PK\x03\x04\x14\xff\xfe"),
        "table courses: ",
        "courses.csv is packed (ZIP, as Excel files are too); unpack it",
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
