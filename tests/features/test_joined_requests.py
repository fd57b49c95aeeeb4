"""Requests joined are the batch they were taken from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from saldopas.features.encoding.batch import ParticipantBatch
from saldopas.features.encoding.pairs import Pairs
from saldopas.features.encoding.sequences import Sequences
from saldopas.features.requests.batch import RequestBatch

HISTORIES = [[3, 1], [], [2], [0, 4, 1]]


def batch() -> RequestBatch:
    numbers = np.arange(4)
    return RequestBatch.of(
        participants=ParticipantBatch(
            Sequences.of(HISTORIES, n_items=5), Pairs.of([[], [1], [0, 2], []], n_columns=3)
        ),
        limit_rp=numbers * 1_000,
        limited=numbers > 1,
        owned=Pairs.of(HISTORIES, n_columns=5),
        excluded=Pairs.of([[1], [], [], [2]], n_columns=5),
        age_at_least=numbers + 20,
        education_at_least=numbers,
        as_of_s=numbers + 1_600_000_000,
        count=numbers + 1,
    )


def plain(value: Any) -> Any:
    """A dataclass as nested plain values."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return value.tolist() if isinstance(value, np.ndarray) else value


def parts(whole: RequestBatch, rows: Sequence[list[int]]) -> list[RequestBatch]:
    return [whole.take(np.array(some, np.int64)) for some in rows]


def test_joined_is_what_was_taken_apart() -> None:
    whole = batch()
    assert plain(RequestBatch.joined(parts(whole, [[0], [1, 2], [3]]))) == plain(whole)
    assert plain(RequestBatch.joined(parts(whole, [[0, 1, 2, 3]]))) == plain(whole)
    assert plain(RequestBatch.joined(parts(whole, [[0, 1], [], [2, 3]]))) == plain(whole)
