"""A small good dataset, and the edits that spoil it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pandas as pd

PARTICIPANTS = """\
participant_id,age,gender,balance,announced_at,opted_out
p1,25,F,1000000,2021-01-01,false
p2,41,M,1000000,2021-01-01,false
p3,33,F,1000000,2021-01-02,true
p4,58,M,,2021-01-02,
p5,19,,1000000,2021-01-03,false
"""
COURSES = """\
course_id,price,title,category,quota,min_age,on_sale_from,on_sale_until
c1,300000,Barista,food,100,18,,
c2,24000,"Bahasa, dasar",language,,,2021-01-01,2021-12-31
c3,700000,Kas & Buku,finance,,,,
c4,0,Gratis,other,5,,2021-02-01,
"""
PURCHASES = """\
participant_id,course_id,purchased_at,price_paid,status,rating
p1,c1,2021-02-03T10:00:00,300000,completed,4.5
p2,c2,2021-02-03T09:00:00,24000,active,
p1,c3,2021-03-01T08:30:00,700000,,5
p3,c2,2021-03-02T08:30:00,,completed,
p1,c1,2021-04-01T08:30:00,300000,cancelled,
"""
TEXTS = {"participants": PARTICIPANTS, "courses": COURSES, "purchases": PURCHASES}
DATES = ("announced_at", "on_sale_from", "on_sale_until", "purchased_at")
Edit = Callable[[Path], object]


def write_good(folder: Path) -> Path:
    """The dataset as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, text in TEXTS.items():
        (folder / f"{table}.csv").write_text(text, encoding="utf-8")
    return folder


def frames() -> dict[str, pd.DataFrame]:
    """The dataset typed, as a database or Parquet file would hold it."""
    tables = {}
    for table, text in TEXTS.items():
        rows = [_fields(line) for line in text.splitlines()]
        frame = pd.DataFrame(rows[1:], columns=rows[0], dtype="str").replace("", None)
        for name in frame.columns:
            if name in DATES:
                frame[name] = pd.to_datetime(frame[name], format="ISO8601").astype("datetime64[us]")
            elif name in ("price", "price_paid", "balance", "age", "quota", "min_age"):
                frame[name] = pd.to_numeric(frame[name]).astype("Int64")
            elif name == "rating":
                frame[name] = pd.to_numeric(frame[name])
            elif name == "opted_out":
                frame[name] = frame[name].map({"true": True, "false": False}).astype("boolean")
        tables[table] = frame
    return tables


def write_parquet(folder: Path) -> Path:
    """The dataset as typed Parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, frame in frames().items():
        frame.to_parquet(folder / f"{table}.parquet", index=False)
    return folder


def write_sqlite(path: Path) -> Path:
    """The dataset as an SQLite file of typed columns."""
    kinds = {"Int64": "INTEGER", "float64": "REAL", "boolean": "BOOLEAN"}
    with sqlite3.connect(path) as connection:
        for table, frame in frames().items():
            declared = (f"{name} {kinds.get(str(frame[name].dtype), 'TEXT')}" for name in frame)
            connection.execute(f"CREATE TABLE {table} ({', '.join(declared)})")
            frame.to_sql(table, connection, if_exists="append", index=False)
    connection.close()
    return path


def replaced(table: str, old: str, new: str) -> Edit:
    """An edit: text of one CSV table."""

    def edit(folder: Path) -> None:
        path = folder / f"{table}.csv"
        text = path.read_text("utf-8")
        assert text.count(old) >= 1, f"{old!r} is not in {table}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


def appended(table: str, line: str | bytes) -> Edit:
    """An edit: one more line of one CSV table."""

    def edit(folder: Path) -> None:
        with (folder / f"{table}.csv").open("ab") as file:
            file.write((line if isinstance(line, bytes) else line.encode()) + b"\n")

    return edit


def overwritten(name: str, content: bytes | str) -> Edit:
    """An edit: a whole file."""

    def edit(folder: Path) -> None:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    return edit


def removed(name: str) -> Edit:
    """An edit: a file is gone."""
    return lambda folder: (folder / name).unlink()


def as_parquet(table: str, **columns: object) -> Edit:
    """An edit: one table typed, in Parquet, some of its columns replaced."""

    def edit(folder: Path) -> None:
        (folder / f"{table}.csv").unlink()
        frame = frames()[table].assign(**columns)
        frame.to_parquet(folder / f"{table}.parquet", index=False)

    return edit


def _fields(line: str) -> list[str]:
    import csv

    return next(csv.reader([line]))
