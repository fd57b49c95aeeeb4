"""Small inputs made by hand: catalogues, training sets and requests of a few rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from saldopas.features.encoding.batch import ParticipantBatch, TrainingSet
from saldopas.features.encoding.courses import CourseTable
from saldopas.features.encoding.pairs import Pairs
from saldopas.features.encoding.profile import ProfileVocabulary, TokenColumn
from saldopas.features.encoding.sequences import Sequences
from saldopas.features.requests.batch import RequestBatch, build_requests
from saldopas.features.requests.participants import KnownParticipants

EDUCATION = ("SD", "SMP", "SMA")
VOCABULARY = ProfileVocabulary(
    columns=(TokenColumn(column="group", kind="values", values=("a", "b")),)
)


def make_courses(prices: Sequence[int], **columns: Sequence[object]) -> CourseTable:
    """Courses c0, c1, ... with these prices."""
    frame = pd.DataFrame(
        {
            "course_id": pd.Series([f"c{i}" for i in range(len(prices))], dtype="str"),
            "price": np.array(prices, np.int64),
            **{name: pd.Series(values) for name, values in columns.items()},
        }
    )
    return CourseTable.from_frame(frame, education_order=EDUCATION)


def make_profile(tokens: Sequence[Sequence[int]], *, n_tokens: int) -> Pairs:
    """Rows of token indices."""
    return Pairs.of([sorted(set(row)) for row in tokens], n_columns=n_tokens)


def make_batch(
    rows: Sequence[Sequence[int]],
    *,
    n_items: int,
    tokens: Sequence[Sequence[int]] | None = None,
    n_tokens: int = VOCABULARY.n_tokens,
) -> ParticipantBatch:
    """Participants with these histories (oldest first) and tokens."""
    tokens = tokens if tokens is not None else [[] for _ in rows]
    return ParticipantBatch(
        Sequences.of(rows, n_items=n_items), make_profile(tokens, n_tokens=n_tokens)
    )


def make_training(
    rows: Sequence[Sequence[int]],
    courses: CourseTable,
    *,
    tokens: Sequence[Sequence[int]] | None = None,
) -> TrainingSet:
    """A training set whose purchases are a second apart, just before the cut-off."""
    batch = make_batch(rows, n_items=courses.n_items, tokens=tokens)
    return TrainingSet(batch, courses, VOCABULARY, as_of_s=100)


def make_requests(batch: ParticipantBatch, **changes: Any) -> RequestBatch:
    """Requests for 5 courses, no balance known, everything bought owned.

    `changes` replace fields of `KnownParticipants` and arguments of `build_requests`.
    """
    rows = batch.n_rows
    asked = {"as_of_s": 1_000, "count": 5}
    for name in ("as_of_s", "count", "max_price_rp", "excluded"):
        if name in changes:
            asked[name] = changes.pop(name)
    known = KnownParticipants(
        batch=batch,
        owned=Pairs.of_events(batch.sequence),
        balance_rp=np.zeros(rows, np.int64),
        has_balance=np.zeros(rows, bool),
        age_at_least=np.zeros(rows, np.int64),
        education_at_least=np.zeros(rows, np.int64),
        opted_out=np.zeros(rows, bool),
    )
    return build_requests(replace(known, **changes), **asked)


def checkerboard(side: int = 20, people: int = 200) -> list[list[int]]:
    """Even people bought even courses, odd people odd ones, each about nine tenths of them."""
    rng = np.random.default_rng(0)
    return [
        [item for item in range(person % 2, side, 2) if rng.random() < 0.9]
        for person in range(people)
    ]
