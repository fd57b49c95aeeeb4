"""Anybody's files by a map: their names, separators, dates and words become the contract's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from saldopas.features.tables.dataset import read_dataset

from tests.data_contract.command_outcome import Run

MAP = """\
[dataset]
name = "shop"
timezone = "Asia/Jakarta"
[dataset.profile]
"kota asal" = { kind = "categorical", min_count = 2 }

[participants]
file = "orang.tsv"
separator = "\\t"
columns = { participant_id = "nomor", "kota asal" = "kota" }

[courses]
file = "pesanan.csv"
separator = ";"
encoding = "cp1252"
distinct = true
thousands = "."
columns = { course_id = "kelas", title = "judul", price = "harga" }
constants = { mode = "online" }

[purchases]
file = "pesanan.csv"
separator = ";"
encoding = "cp1252"
date_format = "%d/%m/%Y %H:%M"
thousands = "."
values = { status = { lunas = "completed", batal = "cancelled" } }
[purchases.columns]
participant_id = "nomor"
course_id = "kelas"
purchased_at = "waktu"
price_paid = "harga"
status = "st"
"""
ORDERS = """\
nomor;kelas;judul;harga;waktu;st
7;a;Kopi & Caf\xe9;300.000;01/03/2021 10:00;lunas
8;b;Excel;24.000;02/03/2021 09:30;batal
7;b;Excel;24.000;03/03/2021 23:59;lunas
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "orang.tsv").write_text("nomor\tkota\n7\tBogor\n8\t\n")
    (folder / "pesanan.csv").write_text(ORDERS, encoding="cp1252")
    (folder / "map.toml").write_text(MAP)
    return folder


def test_end_to_end(shop: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "out"
    outcome = run("import", "csv", "--map", shop / "map.toml", "--out", out, "--json")
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["purchases"] == 3
    dataset = read_dataset(out)
    assert dataset.courses["title"].to_list() == ["Kopi & Café", "Excel"]
    assert dataset.courses["price"].to_list() == [300_000, 24_000]
    assert dataset.courses["mode"].to_list() == ["online", "online"]
    assert dataset.participants["kota asal"].to_list()[0] == "Bogor"
    assert dataset.purchases["status"].to_list() == ["completed", "cancelled", "completed"]
    assert str(dataset.purchases["purchased_at"][2]) == "2021-03-03 16:59:00+00:00"
    assert (dataset.config.name, dataset.config.timezone) == ("shop", "Asia/Jakarta")
    assert json.loads(outcome.out)["fingerprint"] == dataset.fingerprint
    assert sorted(path.name for path in out.iterdir()) == [
        "courses.parquet",
        "dataset.toml",
        "participants.parquet",
        "purchases.parquet",
    ]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"waktu"', '"tanggal"', "pesanan.csv has no column 'tanggal'"),
        ('file = "orang.tsv"', 'file = "x.tsv"', "there is no file"),
        ('price = "harga" }', 'cost = "harga" }', "no column 'cost'"),
        ('encoding = "cp1252"', 'encoding = "klingon"', "unknown encoding"),
        ("[courses]", "[kursus]", "map.toml, courses: Field required"),
        ("%d/%m/%Y %H:%M", "%Y", "row 1: it is not a date or time ('01/03/2021 10:00')"),
        ("{ lunas", "{ paid", "row 1: the status is unknown ('lunas')"),
        ("[dataset]", "[dataset", "map.toml is not TOML"),
    ],
)
def test_wrong_maps(old: str, new: str, says: str, shop: Path, tmp_path: Path, run: Run) -> None:
    path = shop / "map.toml"
    path.write_text(path.read_text().replace(old, new, 1))
    outcome = run("import", "csv", "--map", path, "--out", tmp_path / "out")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert says in outcome.err
    assert not (tmp_path / "out").exists()


def test_bad_rows_are_set_aside_by_the_file_s_rows(shop: Path, tmp_path: Path, run: Run) -> None:
    with (shop / "pesanan.csv").open("a") as file:
        file.write("9;b;Excel;24.000;04/03/2021 10:00;lunas\n")
    arguments = ("import", "csv", "--map", shop / "map.toml", "--out", tmp_path / "out")
    outcome = run(*arguments)
    assert "table purchases, column participant_id, row 4" in outcome.err
    outcome = run(*arguments, "--quarantine", tmp_path / "bad.csv", "--json")
    assert json.loads(outcome.out)["counts"] == {"rows of purchases set aside": 1}
