"""Whatever is done to the bytes of the files: a dataset comes of it, or a one-line refusal."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from saldopas.features.errors import DataError
from saldopas.features.tables.dataset import Dataset, read_dataset

from tests.data_contract.small_dataset import TEXTS, write_good, write_parquet

SNIPPETS = st.one_of(
    st.binary(max_size=6),
    st.sampled_from(
        [
            b'"',
            b",",
            b"\n",
            b"\r",
            b"\x00",
            b"-",
            b"nan",
            b"1e400",
            b"9" * 30,
            b"\xff\xfe",
            b"+07:00",
        ]
    ),
)
Mutation = tuple[float, int, bytes]
MUTATIONS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 8), SNIPPETS), min_size=1, max_size=4
)


def mutated(content: bytes, mutations: list[Mutation]) -> bytes:
    for share, cut, snippet in mutations:
        at = int(share * len(content))
        content = content[:at] + snippet + content[at + cut :]
    return content


def check(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    outcome: Dataset | DataError
    try:
        outcome = read_dataset(path.parent)
    except DataError as error:
        outcome = error
    assert "\n" not in str(outcome) if isinstance(outcome, DataError) else outcome.fingerprint


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(TEXTS)), MUTATIONS)
def test_csv(table: str, mutations: list[Mutation]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = write_good(Path(folder) / "data")
        check(data / f"{table}.csv", mutated(TEXTS[table].encode(), mutations))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(TEXTS)), MUTATIONS)
def test_parquet(table: str, mutations: list[Mutation]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = write_parquet(Path(folder) / "data")
        path = data / f"{table}.parquet"
        check(path, mutated(path.read_bytes(), mutations))


@settings(max_examples=40, deadline=None)
@given(MUTATIONS)
def test_dataset_toml(mutations: list[Mutation]) -> None:
    text = b'name = "x"\ntimezone = "UTC"\n[profile]\nage = { kind = "banded", edges = [18, 30] }\n'
    with tempfile.TemporaryDirectory() as folder:
        data = write_good(Path(folder) / "data")
        check(data / "dataset.toml", mutated(text, mutations))
