"""The same data is the same dataset from CSV, Parquet, SQLite and PostgreSQL, in any order."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from saldopas.features.encoding.indexed import index_dataset
from saldopas.features.tables.dataset import Dataset, read_dataset

from tests.data_contract.command_outcome import Run
from tests.data_contract.small_dataset import (
    TEXTS,
    appended,
    frames,
    replaced,
    write_good,
    write_parquet,
    write_sqlite,
)

DTYPES = {
    "participants": {
        "participant_id": "str",
        "age": "Int64",
        "gender": "str",
        "balance": "Int64",
        "announced_at": "datetime64[us, UTC]",
        "opted_out": "bool",
    },
    "courses": {
        "course_id": "str",
        "price": "int64",
        "title": "str",
        "category": "str",
        "quota": "Int64",
        "min_age": "Int64",
        "on_sale_from": "datetime64[us, UTC]",
        "on_sale_until": "datetime64[us, UTC]",
    },
    "purchases": {
        "participant_id": "str",
        "course_id": "str",
        "purchased_at": "datetime64[us, UTC]",
        "price_paid": "int64",
        "status": "str",
        "rating": "Float64",
    },
}


def same(left: Dataset, right: Dataset) -> None:
    for table in TEXTS:
        pd.testing.assert_frame_equal(getattr(left, table), getattr(right, table))
    assert left.fingerprint == right.fingerprint


@pytest.mark.parametrize("table", DTYPES)
def test_types(table: str, good: Path) -> None:
    frame = getattr(read_dataset(good), table)
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == DTYPES[table]


def test_purchases_are_in_order_and_filled(good: Path) -> None:
    purchases = read_dataset(good).purchases
    assert purchases["participant_id"].to_list() == ["p2", "p1", "p1", "p3", "p1"]
    assert purchases["price_paid"].to_list() == [24_000, 300_000, 700_000, 24_000, 300_000]
    expected = ["active", "completed", "completed", "completed", "cancelled"]
    assert purchases["status"].to_list() == expected
    assert purchases["purchased_at"][0] == pd.Timestamp("2021-02-03T02:00Z")  # 09.00 WIB


def test_formats_agree(good: Path, tmp_path: Path) -> None:
    csv = read_dataset(good)
    same(csv, read_dataset(write_parquet(tmp_path / "parquet")))
    same(csv, read_dataset(f"sqlite:///{write_sqlite(tmp_path / 'a b.db')}"))


def test_sqlite_reads_the_toml_beside_it_or_the_given_one(tmp_path: Path) -> None:
    url = f"sqlite:///{write_sqlite(tmp_path / 'a.db')}"
    (tmp_path / "dataset.toml").write_text('timezone = "UTC"\nname = "beside"')
    given = tmp_path / "given.toml"
    given.write_text('name = "given"')
    assert read_dataset(url).config.name == "beside"
    assert read_dataset(url).purchases["purchased_at"][0] == pd.Timestamp("2021-02-03T09:00Z")
    assert read_dataset(url, config=given).config.name == "given"


@pytest.mark.slow
def test_postgres_agrees(postgres_url: str, good: Path, run: Run) -> None:
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        for table, frame in frames().items():
            frame.to_sql(table, connection, index=False, if_exists="replace")
    same(read_dataset(good), read_dataset(postgres_url))
    same(read_dataset(good), read_dataset(postgres_url.replace("+psycopg", "")))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE purchases SET status = 'paid' WHERE rating = 5"))
    outcome = run("validate", postgres_url)
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "table purchases, column status, row" in outcome.err
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE purchases"))
    engine.dispose()
    outcome = run("validate", postgres_url)
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "table purchases: the database has no such table" in outcome.err


def test_fingerprint_ignores_order_and_sees_values(good: Path, tmp_path: Path) -> None:
    turned = tmp_path / "turned"
    turned.mkdir()
    for table, text in TEXTS.items():
        header, *rows = text.splitlines()
        (turned / f"{table}.csv").write_text("\n".join([header, *reversed(rows)]))
    assert read_dataset(turned).fingerprint == read_dataset(good).fingerprint
    before = read_dataset(good).fingerprint
    replaced("courses", "Barista", "Bariste")(good)
    assert read_dataset(good).fingerprint != before


def test_purchases_of_one_time_keep_their_order_and_another_order_is_other_data(
    tmp_path: Path,
) -> None:
    """p2's purchases of one day are the same in the first two, however the people are mixed."""
    day, later = "2021-01-02", "2021-01-03"
    rows = [f"p2,c3,{day}", f"p2,c1,{day}", f"p1,c1,{day}", f"p2,c2,{later}"]
    found = []
    for name, order in {
        "as is": (0, 1, 2, 3),
        "mixed": (3, 2, 0, 1),
        "turned": (1, 0, 2, 3),
    }.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "courses.csv").write_text("course_id,price\nc1,1\nc2,2\nc3,3\n")
        text = "\n".join(["participant_id,course_id,purchased_at", *(rows[k] for k in order)])
        (folder / "purchases.csv").write_text(text)
        found.append(read_dataset(folder))
    bought = [list(index_dataset(one).events.item_idx) for one in found]
    assert bought == [[0, 2, 0, 1], [0, 2, 0, 1], [0, 0, 2, 1]]
    assert found[0].fingerprint == found[1].fingerprint != found[2].fingerprint


def test_three_bare_columns_do(tmp_path: Path) -> None:
    (tmp_path / "courses.csv").write_text("course_id,price\n1,100\n2,200\n")
    text = "participant_id,course_id,purchased_at\n12,2,2021-01-02\n5,1,2021-01-01\n12,1,2021-01-01"
    (tmp_path / "purchases.csv").write_text(text)
    dataset = read_dataset(tmp_path)
    assert dataset.participants["participant_id"].to_list() == ["12", "5"]
    assert dataset.participants["opted_out"].to_list() == [False, False]
    assert dataset.purchases["price_paid"].to_list() == [100, 100, 200]
    assert dataset.config.timezone == "Asia/Jakarta"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("participant_id", "\ufeffparticipant_id"),
        ("\n", "\r\n"),
        ("p2,41", '"p2","41"'),
        ("p2,41", "\np2,41"),
        ("1000000", "1000000.00"),
        (",false", ",0"),
    ],
)
def test_spellings_that_mean_the_same(old: str, new: str, good: Path) -> None:
    before = read_dataset(good)
    path = good / "participants.csv"
    count = -1 if old in ("\n", ",false") else 1
    path.write_text(path.read_text().replace(old, new, count), newline="")
    same(before, read_dataset(good))


def test_links_are_followed(good: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    linked.mkdir()
    for path in good.iterdir():
        (linked / path.name).symlink_to(path)
    same(read_dataset(good), read_dataset(linked))


def test_zones_are_converted(good: Path) -> None:
    before = read_dataset(good)
    path = good / "purchases.csv"
    text = path.read_text()
    for hour, utc in (("T10:00:00", "T03:00:00Z"), ("T09:00:00", "T09:00+07:00")):
        text = text.replace(hour, utc)
    path.write_text(text.replace("T08:30:00", "T10:30:00+0900"))
    same(before, read_dataset(good))


def test_declared_categories_stay_text(tmp_path: Path) -> None:
    folder = write_good(tmp_path)
    before = read_dataset(folder).participants
    assert str(before["age"].dtype) == "Int64"
    (folder / "dataset.toml").write_text("[profile]\nage = { kind = 'categorical' }")
    assert read_dataset(folder).participants["age"].to_list()[:2] == ["25", "41"]


def test_identity_numbers_are_no_numbers(good: Path, run: Run) -> None:
    path = good / "participants.csv"
    header, *rows = path.read_text().splitlines()
    rows += [f"q{n},,,,," for n in range(100)]
    lines = [f"{row},{3_174_000_000_000_000 + n}" for n, row in enumerate(rows)]
    path.write_text("\n".join([f"{header},nik", *lines]))
    assert str(read_dataset(good).participants["nik"].dtype) == "str"
    outcome = run("validate", good, "--json")
    warnings = json.loads(outcome.out)["warnings"]
    assert any("column nik" in line and "identifies people" in line for line in warnings)


def test_summary(good: Path, run: Run) -> None:
    replaced("courses", "category", "kategori")(good)
    appended("purchases", "p2,c3,2021-05-01,990000,,")(good)
    outcome = run("validate", good, "--json")
    assert outcome.code == 0
    summary = json.loads(outcome.out)
    assert summary["participants_by_purchases"] == {"0": 2, "1": 1, "2": 1, "3+": 1}
    assert (summary["courses"], summary["purchases"], summary["never_sold_share"]) == (4, 6, 0.25)
    assert summary["participants_over_balance"] == 1
    assert summary["price"]["max"] == 700_000
    assert [column["column"] for column in summary["profile"]] == ["age", "gender"]
    assert summary["profile"][1]["coverage"] == 0.8
    assert "table courses: the contract does not know 'kategori'; ignored" in summary["warnings"]
    people = run("validate", good)
    assert people.code == 0
    assert summary["fingerprint"] in people.err


def test_order_only_dates_are_not_held_against_sales(good: Path) -> None:
    appended("purchases", "p1,c4,2020-01-31,,,")(good)
    (good / "dataset.toml").write_text("dates_are_order_only = true")
    assert len(read_dataset(good).purchases) == 6
