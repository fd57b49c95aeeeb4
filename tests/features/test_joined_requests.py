"""Requests joined are the batch they were taken from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from saldopas.features.requests.batch import Request, RequestBatch, batch_of
from saldopas.features.requests.participants import KnownParticipant

HISTORIES = [[3, 1], [], [2], [0, 4, 1]]


def batch() -> RequestBatch:
    people = [
        KnownParticipant(
            history=history,
            tokens=tokens,
            owned=history,
            balance_rp=1_000 * place if place > 1 else None,
            age_at_least=20 + place,
            education_at_least=place,
        )
        for place, (history, tokens) in enumerate(
            zip(HISTORIES, [[], [1], [0, 2], []], strict=True)
        )
    ]
    excluded = [[1], [], [], [2]]
    return batch_of(
        [
            Request(
                person, 1_600_000_000 + place, place + 1, max_price_rp=place or None, excluded=out
            )
            for place, (person, out) in enumerate(zip(people, excluded, strict=True))
        ],
        n_items=5,
        n_tokens=3,
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
