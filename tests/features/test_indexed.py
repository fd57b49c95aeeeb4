"""Cancelled purchases, opted-out people, eligibility and aligned catalogues."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from saldopas.features.encoding.eligibility import ages_at_least, education_levels
from saldopas.features.encoding.indexed import IndexedDataset, align_courses, index_dataset
from saldopas.features.encoding.snapshot import Snapshot
from saldopas.features.requests.batch import build_requests
from saldopas.features.requests.participants import KnownParticipants
from saldopas.features.tables.dataset import read_dataset

MOMENT = 2_000_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "dataset.toml").write_text('scheme = "2023"\n')
    pd.DataFrame(
        {
            "participant_id": ["ann", "bob", "cleo", "éva"],
            "age": [20, None, 44, 18],
            "education": ["SMA", "SD", "PhD", None],
            "gender": ["F", "M", "F", "F"],
            "balance": [1000, None, 500, 700],
            "opted_out": [False, False, True, False],
        }
    ).to_csv(tmp_path / "participants.csv", index=False)
    pd.DataFrame(
        {
            "course_id": ["x", "y", "z"],
            "price": [100, 200, 300],
            "min_age": [None, 40, None],
            "min_education": [None, None, "SMP"],
        }
    ).to_csv(tmp_path / "courses.csv", index=False)
    pd.DataFrame(
        [
            ("ann", "x", "2024-01-01", "completed", 100),
            ("ann", "y", "2024-01-02", "cancelled", 200),
            ("ann", "z", "2024-01-03", "active", 250),
            ("cleo", "x", "2024-01-02", "completed", 100),
        ],
        columns=["participant_id", "course_id", "purchased_at", "status", "price_paid"],
    ).to_csv(tmp_path / "purchases.csv", index=False)
    return tmp_path


@pytest.fixture
def data(folder: Path) -> IndexedDataset:
    return index_dataset(read_dataset(folder))


def test_cancelled_is_owned_but_not_liked_and_its_money_is_back(data: IndexedDataset) -> None:
    everybody = np.arange(4)
    vocabulary = data.training_set(data.events.lengths, as_of_s=MOMENT).vocabulary
    known = KnownParticipants.of_dataset(data, everybody, data.events.lengths, vocabulary)
    requests = build_requests(known, as_of_s=MOMENT, count=3)
    assert requests.owned.toarray()[0].tolist() == [True, True, True]
    assert requests.participants.sequence.item_idx.tolist() == [0, 2]
    assert requests.balance_rp.tolist() == [650, 3_500_000, 400, 700]


def test_opted_out_people_are_read_by_no_model_but_never_offered_a_course_twice(
    data: IndexedDataset,
) -> None:
    learned = data.training_set(data.events.lengths, as_of_s=MOMENT)
    assert learned.participants.n_rows == 1, "only ann bought and did not opt out"
    snapshot = Snapshot.take(data, learned.vocabulary, as_of_s=MOMENT)
    known = KnownParticipants.of_snapshot(
        snapshot, snapshot.rows_of(["cleo"]), n_items=3, n_tokens=learned.vocabulary.n_tokens
    )
    asked = build_requests(known, as_of_s=MOMENT, count=3)
    assert not asked.participants.has_history[0]
    assert not asked.participants.has_profile[0]
    assert asked.owned.toarray()[0].tolist() == [True, False, False]


def test_unknown_age_or_education_reaches_no_minimum(data: IndexedDataset) -> None:
    assert data.age_at_least.tolist() == [20, 0, 44, 18]
    assert data.education_at_least.tolist() == [3, 1, 0, 0]
    assert data.courses.min_education.tolist() == [0, 0, 2]


@pytest.mark.parametrize(
    ("text", "years"),
    [("26-35", 26), (">65", 65), ("56+", 56), ("unknown", 0), (None, 0), ("17", 17)],
)
def test_an_age_band_counts_from_its_lower_end(text: str | None, years: int) -> None:
    assert ages_at_least(pd.DataFrame({"age": pd.Series([text], dtype="str")}), "age")[0] == years


def test_a_missing_column_reaches_nothing() -> None:
    nobody = pd.DataFrame({"other": [1, 2]})
    assert ages_at_least(nobody, "age").tolist() == [0, 0]
    assert education_levels(nobody, "education", ("SD",)).tolist() == [0, 0]


def test_the_snapshot_finds_everybody_and_nobody_else(data: IndexedDataset) -> None:
    learned = data.training_set(data.events.lengths, as_of_s=MOMENT)
    snapshot = Snapshot.take(data, learned.vocabulary, as_of_s=MOMENT)
    ids = ["éva", "bob", "ann", "cleo", "", "an", "annn", "zzz", "ann\0"]
    rows = snapshot.rows_of(ids)
    assert (rows >= 0).tolist() == [True] * 4 + [False] * 5
    assert [snapshot.ids[row].decode() for row in rows[:4]] == ids[:4]


def test_the_snapshot_asks_as_the_dataset_does(data: IndexedDataset) -> None:
    vocabulary = data.training_set(data.events.lengths, as_of_s=MOMENT).vocabulary
    snapshot = Snapshot.take(data, vocabulary, as_of_s=MOMENT)
    ids = data.people["participant_id"].tolist()
    ours, theirs = (
        build_requests(known, as_of_s=MOMENT, count=2)
        for known in (
            KnownParticipants.of_dataset(data, np.arange(4), data.events.lengths, vocabulary),
            KnownParticipants.of_snapshot(
                snapshot, snapshot.rows_of(ids), n_items=3, n_tokens=vocabulary.n_tokens
            ),
        )
    )
    np.testing.assert_array_equal(ours.terms, theirs.terms)
    np.testing.assert_array_equal(ours.owned.toarray(), theirs.owned.toarray())
    np.testing.assert_array_equal(
        ours.participants.history.toarray(), theirs.participants.history.toarray()
    )
    np.testing.assert_array_equal(
        ours.participants.profile.toarray(), theirs.participants.profile.toarray()
    )


def test_aligned_courses_keep_the_old_order_and_put_new_ones_last(folder: Path) -> None:
    old = read_dataset(folder).courses
    pd.DataFrame({"course_id": ["new", "z", "x"], "price": [5, 333, 100]}).to_csv(
        folder / "courses.csv", index=False
    )
    purchases = pd.read_csv(folder / "purchases.csv")
    purchases[purchases.course_id != "y"].to_csv(folder / "purchases.csv", index=False)
    aligned = align_courses(read_dataset(folder), old)
    assert aligned.courses["course_id"].tolist() == ["x", "y", "z", "new"]
    assert aligned.courses["price"].tolist() == [100, 200, 333, 5]
    courses = index_dataset(aligned).courses
    assert (courses.on_sale_until_s < MOMENT).tolist() == [False, True, False, False]
