"""Participants of the store as rows of a `RequestBatch`, in place of what the snapshot says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.batch import ParticipantBatch
from features.courses import education_level
from features.indexed import ages_at_least
from features.pairs import Pairs
from features.requests import RequestBatch
from features.sequences import Sequences
from features.store_rules import left_rp
from features.store_state import Bought, Found, Participant
from serving.loaded import LoadedModel


def with_store(stored: RequestBatch, found: Sequence[Found], model: LoadedModel) -> RequestBatch:
    """`stored`, with the rows that the store knows taken from it.

    Where the store did not answer, nothing of the snapshot ranks courses (somebody may have been
    erased, or have opted out since), but what it says was bought stays out, and its balance holds.

    Args:
        stored: B requests of the snapshot; rows of erased people are strangers already.
        found: (B,) what the store said.
        model: whose catalogue and vocabulary the rows are of.
    """
    rows = {row: one.participant for row, one in enumerate(found) if one.participant is not None}
    down = [row for row, one in enumerate(found) if one.down]
    if not rows and not down:
        return stored
    bought = {row: _in_catalogue(person, model) for row, person in rows.items()}
    limit, limited = stored.limit_rp.copy(), stored.limited.copy()
    ages, educations = stored.age_at_least.copy(), stored.education_at_least.copy()
    rules = model.artifact.manifest.dataset.eligibility
    for row, person in rows.items():
        left = left_rp(person, model.artifact.manifest.dataset)
        limit[row], limited[row] = left or 0, left is not None
        ages[row] = age_of(person.profile.get(rules.age_column))
        level = person.profile.get(rules.education_column)
        educations[row] = education_level(level, rules.education_order)
    people = stored.participants
    owned = {row: [item for item, _ in events] for row, events in bought.items()}
    return replace(
        stored,
        participants=ParticipantBatch(
            _sequences(people.sequence, rows, bought, down),
            _tokens(people.tokens, rows, down, model),
        ),
        limit_rp=limit,
        limited=limited,
        owned=_replaced(stored.owned, owned),
        age_at_least=ages,
        education_at_least=educations,
    )


def opted_out(hidden: NDArray[np.bool_], found: Sequence[Found]) -> NDArray[np.bool_]:
    """(B,) who is not to be ranked by history or profile; the store's word wins."""
    hidden = hidden.copy()
    for row, one in enumerate(found):
        if one.participant is not None:
            hidden[row] = one.participant.opted_out
    return hidden


@lru_cache(maxsize=4_096, typed=True)
def age_of(value: str | float | None) -> int:
    """Years surely reached of one value, read as the whole column is read; 0 for None."""
    if value is None:
        return 0
    return int(ages_at_least(pd.DataFrame({"age": [value]}), "age")[0])


def _in_catalogue(person: Participant, model: LoadedModel) -> list[tuple[int, Bought]]:
    pairs = ((model.item_of.get(one.course_id), one) for one in person.purchases)
    return [(item, one) for item, one in pairs if item is not None]


def _sequences(
    stored: Sequences,
    rows: dict[int, Participant],
    bought: dict[int, list[tuple[int, Bought]]],
    down: Sequence[int],
) -> Sequences:
    """History for models: without what was cancelled, and nothing of who opted out."""
    lists: list[tuple[list[int], list[int]]] = []
    for row in range(stored.n_rows):
        if row in rows:
            seen = [] if rows[row].opted_out else [pair for pair in bought[row] if pair[1].kept]
            lists.append(([item for item, _ in seen], [int(one.at.timestamp()) for _, one in seen]))
        elif row in down:
            lists.append(([], []))
        else:
            own = slice(int(stored.indptr[row]), int(stored.indptr[row + 1]))
            lists.append((stored.item_idx[own].tolist(), stored.at_s[own].tolist()))
    return Sequences(
        indptr=np.concatenate([[0], np.cumsum([len(items) for items, _ in lists])]).astype(
            np.int64
        ),
        item_idx=np.array([item for items, _ in lists for item in items], np.int32),
        at_s=np.array([at for _, times in lists for at in times], np.int64),
        n_items=stored.n_items,
    )


def _tokens(
    stored: Pairs, rows: dict[int, Participant], down: Sequence[int], model: LoadedModel
) -> Pairs:
    own = {
        row: [] if person.opted_out else model.artifact.vocabulary.tokens_of(person.profile)
        for row, person in rows.items()
    }
    return _replaced(stored, own | {row: [] for row in down})


def _replaced(pairs: Pairs, rows: dict[int, list[int]]) -> Pairs:
    kept = [rows[b] if b in rows else pairs.row(b).tolist() for b in range(pairs.n_rows)]
    return Pairs.of(kept, n_columns=pairs.n_columns)
