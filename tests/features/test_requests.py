"""One builder: dataset, snapshot and store give the same requests for the same participants."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from saldopas.features.encoding.indexed import IndexedDataset, index_dataset
from saldopas.features.encoding.pairs import Pairs
from saldopas.features.encoding.snapshot import Snapshot
from saldopas.features.requests.batch import (
    NO_MAX_PRICE_RP,
    Request,
    RequestBatch,
    batch_of,
    build_requests,
)
from saldopas.features.requests.participants import KnownParticipant, KnownParticipants
from saldopas.features.tables.dataset import check_tables
from saldopas.features.tables.dataset_config import DatasetConfig
from saldopas.features.tables.raw_table import RawTable, numbered
from saldopas.store.known_participants import ParticipantSource
from saldopas.store.participants import Bought, Found, Participant

COURSES = ("x", "y", "z", "w")
PRICES = (100, 200, 300, 0)
DAY_S = 86_400
FIRST_S = 1_600_000_000
MOMENT_S = FIRST_S + 100 * DAY_S

ages = st.none() | st.integers(17, 70)
educations = st.none() | st.sampled_from(["SD", "SMA", "Sarjana"])
purchases = st.lists(
    st.tuples(
        st.sampled_from(COURSES),
        st.sampled_from(["completed", "active", "cancelled"]),
        st.integers(0, 400),
    ),
    max_size=4,
    unique_by=lambda one: one[0],
)
people = st.fixed_dictionaries(
    {
        "age": ages,
        "education": educations,
        "balance": st.none() | st.integers(0, 2_000),
        "opted_out": st.booleans(),
        "purchases": purchases,
    }
)


def dataset_of(drawn: list[dict[str, Any]], scheme: str) -> IndexedDataset:
    rows = [
        (f"p{place}", course, FIRST_S + at * DAY_S, status, paid)
        for place, person in enumerate(drawn)
        for at, (course, status, paid) in enumerate(person["purchases"])
    ]
    rows = rows or [("p0", "x", MOMENT_S + DAY_S, "completed", 0)]
    columns = ["participant_id", "course_id", "purchased_at", "status", "price_paid"]
    bought = pd.DataFrame(rows, columns=columns)
    frames = {
        "participants": pd.DataFrame(
            {
                "participant_id": [f"p{place}" for place in range(len(drawn))],
                "age": pd.array([one["age"] for one in drawn], "Int64"),
                "education": pd.array([one["education"] for one in drawn], "str"),
                "balance": pd.array([one["balance"] for one in drawn], "Int64"),
                "opted_out": [one["opted_out"] for one in drawn],
            }
        ),
        "courses": pd.DataFrame({"course_id": COURSES, "price": PRICES}),
        "purchases": bought.assign(
            purchased_at=pd.to_datetime(bought["purchased_at"], unit="s", utc=True)
        ),
    }
    tables = {
        name: RawTable(
            name,
            pa.Table.from_pandas(frame, preserve_index=False),
            numbered(len(frame)),
            name,
            tuple(frame.columns),
        )
        for name, frame in frames.items()
    }
    return index_dataset(check_tables(tables, DatasetConfig(scheme=scheme)))


def in_store(place: int, person: dict[str, Any]) -> Found:
    profile = {name: person[name] for name in ("age", "education") if person[name] is not None}
    bought = tuple(
        Bought(course, datetime.fromtimestamp(FIRST_S + at * DAY_S, UTC), paid, status)
        for at, (course, status, paid) in enumerate(person["purchases"])
    )
    return Found(
        Participant(
            participant_id=f"p{place}",
            profile_json=json.dumps(profile),
            grant_rp=person["balance"],
            opted_out=person["opted_out"],
            purchases=bought,
        )
    )


def same(ours: RequestBatch, theirs: RequestBatch) -> None:
    np.testing.assert_array_equal(ours.terms, theirs.terms)
    for name in ("owned", "excluded"):
        np.testing.assert_array_equal(getattr(ours, name).indptr, getattr(theirs, name).indptr)
        np.testing.assert_array_equal(getattr(ours, name).indices, getattr(theirs, name).indices)
    seen, other = ours.participants, theirs.participants
    np.testing.assert_array_equal(seen.sequence.indptr, other.sequence.indptr)
    np.testing.assert_array_equal(seen.sequence.item_idx, other.sequence.item_idx)
    np.testing.assert_array_equal(seen.tokens.indptr, other.tokens.indptr)
    np.testing.assert_array_equal(seen.tokens.indices, other.tokens.indices)


@settings(max_examples=60, deadline=None)
@given(
    drawn=st.lists(people, min_size=1, max_size=5),
    scheme=st.sampled_from(["none", "2023"]),
    max_price=st.none() | st.integers(0, 400),
    unwanted=st.lists(st.integers(0, 3), max_size=2, unique=True),
)
def test_dataset_snapshot_and_store_give_the_same_requests(
    drawn: list[dict[str, Any]], scheme: str, max_price: int | None, unwanted: list[int]
) -> None:
    data = dataset_of(drawn, scheme)
    rows, ids = np.arange(len(drawn)), [f"p{place}" for place in range(len(drawn))]
    seen = data.seen_before(MOMENT_S)
    vocabulary = data.training_set(data.events.lengths, as_of_s=MOMENT_S).vocabulary
    sizes = {"n_items": len(COURSES), "n_tokens": vocabulary.n_tokens}
    snapshot = Snapshot.take(data, vocabulary, as_of_s=MOMENT_S)
    source = ParticipantSource(snapshot, data.courses, vocabulary, data.config)

    def together(known: KnownParticipants) -> RequestBatch:
        return build_requests(
            known,
            as_of_s=MOMENT_S,
            count=3,
            max_price_rp=NO_MAX_PRICE_RP if max_price is None else max_price,
            excluded=Pairs.of([unwanted] * len(drawn), n_columns=len(COURSES)),
        )

    def one_by_one(known: list[KnownParticipant]) -> RequestBatch:
        asked = [Request(one, MOMENT_S, 3, max_price, unwanted) for one in known]
        return batch_of(asked, **sizes)

    ours = together(KnownParticipants.of_dataset(data, rows, seen, vocabulary))
    snapshot_rows = snapshot.rows_of(ids)
    same(ours, together(KnownParticipants.of_snapshot(snapshot, snapshot_rows, **sizes)))
    same(ours, one_by_one(source.known(ids, None)))
    same(ours, one_by_one(source.known(ids, [in_store(*one) for one in enumerate(drawn)])))
    seeds = [source.seed(name) for name in ids]
    same(ours, one_by_one(source.known(ids, [Found(seed) for seed in seeds])))


def test_an_opted_out_participant_shows_neither_history_nor_profile() -> None:
    person = KnownParticipant(history=[1], tokens=[0], owned=[1, 2], balance_rp=5, opted_out=True)
    asked = batch_of([Request(person, 0, 1), Request(person._replace(opted_out=False), 0, 1)],
                     n_items=3, n_tokens=1)  # fmt: skip
    assert asked.participants.has_history.tolist() == [False, True]
    assert asked.participants.has_profile.tolist() == [False, True]
    assert asked.owned.toarray().tolist() == [[False, True, True]] * 2


def test_a_highest_price_lowers_the_limit_and_not_the_balance() -> None:
    known = [KnownParticipant(balance_rp=balance) for balance in (500, 500, None, None)]
    prices = (100, None, 100, None)
    asked = batch_of(
        [Request(one, 0, 1, price) for one, price in zip(known, prices, strict=True)],
        n_items=3,
        n_tokens=1,
    )
    assert asked.balance_rp.tolist() == [500, 500, 0, 0]
    assert asked.has_balance.tolist() == [True, True, False, False]
    assert asked.limit_rp.tolist() == [100, 500, 100, NO_MAX_PRICE_RP]


def test_requests_of_nobody_and_of_an_empty_snapshot() -> None:
    assert batch_of([], n_items=3, n_tokens=2).n_rows == 0
    empty = np.empty(0, np.int64)
    nobody = Snapshot(
        ids=np.empty(0, "S1"),
        indptr=np.zeros(1, np.int64),
        item_idx=np.empty(0, np.int32),
        at_s=empty,
        kept=np.empty(0, np.bool_),
        token_indptr=np.zeros(1, np.int64),
        token_idx=np.empty(0, np.int32),
        balance_rp=empty,
        has_balance=np.empty(0, np.bool_),
        age_at_least=empty,
        education_at_least=empty,
        opted_out=np.empty(0, np.bool_),
    )
    known = KnownParticipants.of_snapshot(
        nobody, nobody.rows_of(["a", None]), n_items=3, n_tokens=2
    )
    same(
        build_requests(known, as_of_s=7, count=1),
        batch_of([Request(KnownParticipant(), 7, 1)] * 2, n_items=3, n_tokens=2),
    )
