"""Bodies to a `RequestBatch`: the snapshot's state of each participant, then what the body says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.batch import ParticipantBatch
from features.courses import education_level
from features.pairs import Pairs
from features.request_moment import request_moment
from features.requests import RequestBatch
from features.sequences import Sequences
from features.snapshot import Snapshot
from features.store_state import Found
from serving.loaded import LoadedModel
from serving.schemas import DEFAULT_N, RecommendBody
from serving.stored import age_of, opted_out, with_store


@dataclass(frozen=True)
class Asked:
    """B requests as the policy takes them, and (B,) the balance each was answered for."""

    batch: RequestBatch
    balances: list[int | None]


def as_asked(
    bodies: Sequence[RecommendBody],
    model: LoadedModel,
    *,
    now_s: int,
    found: Sequence[Found] | None = None,
) -> Asked:
    """The requests that `bodies` mean.

    An opted-out participant is ranked by neither history nor profile, whatever the body says;
    what was bought is left out all the same.

    Args:
        bodies: B validated bodies.
        model: whose snapshot and catalogue they are about.
        now_s: the clock, epoch seconds; used where the dataset's `as_of` is "now".
        found: (B,) what the store says, which wins over the snapshot; None: there is no store.
    """
    snapshot, n_items = model.artifact.snapshot, model.n_items
    rows = known_rows(snapshot, [body.participant_id for body in bodies])
    if found is not None:
        rows[[one.erased for one in found]] = -1
    stored = snapshot.requests(rows, as_of_s=0, count=0, n_items=n_items, n_tokens=model.n_tokens)
    hidden = (rows >= 0) & snapshot.opted_out[rows] if snapshot.n_people else rows >= 0
    if found is not None:
        stored = with_store(stored, found, model)
        hidden = opted_out(hidden, found)
    balances = [_balance(body, stored, row) for row, body in enumerate(bodies)]
    limits = [
        min((amount for amount in (balance, body.max_price) if amount is not None), default=None)
        for balance, body in zip(balances, bodies, strict=True)
    ]
    purchased = [_items(body.purchased, model) for body in bodies]
    batch = RequestBatch(
        participants=_participants(bodies, purchased, stored.participants, hidden, model),
        limit_rp=np.array([limit or 0 for limit in limits], np.int64),
        limited=np.array([limit is not None for limit in limits], np.bool_),
        owned=_with_pairs(stored.owned, purchased),
        excluded=_with_pairs(stored.excluded, [_unwanted(body, model) for body in bodies]),
        age_at_least=_ages(bodies, stored.age_at_least, model),
        education_at_least=_educations(bodies, stored.education_at_least, model),
        as_of_s=np.array([_moment_s(body, model, now_s) for body in bodies], np.int64),
        count=np.array([body.n or DEFAULT_N for body in bodies], np.int64),
    )
    return Asked(batch, balances)


def known_rows(snapshot: Snapshot, participant_ids: Sequence[str | None]) -> NDArray[np.int64]:
    """(B,) rows of the snapshot, -1 for nobody; ids longer than every known one are not looked up.

    (The look-up would widen all the ids of the snapshot to the longest id that is asked for.)
    """
    longest = snapshot.ids.dtype.itemsize
    rows = np.full(len(participant_ids), -1, np.int64)
    places = [
        place
        for place, text in enumerate(participant_ids)
        if text is not None and len(text.encode()) <= longest
    ]
    if places:
        rows[places] = snapshot.rows_of([participant_ids[place] or "" for place in places])
    return rows


def _balance(body: RecommendBody, stored: RequestBatch, row: int) -> int | None:
    if body.balance is not None:
        return body.balance
    return int(stored.limit_rp[row]) if stored.limited[row] else None


def _items(course_ids: Sequence[str] | None, model: LoadedModel) -> list[int]:
    found = (model.item_of.get(course_id) for course_id in course_ids or ())
    return [item for item in found if item is not None]


def _unwanted(body: RecommendBody, model: LoadedModel) -> list[int]:
    unwanted = _items(body.exclude, model)
    if body.category is None:
        return unwanted
    outside = np.ones(model.n_items, np.bool_)
    outside[model.items_in.get(body.category, [])] = False
    return [*unwanted, *np.flatnonzero(outside).tolist()]


def _with_pairs(pairs: Pairs, more: Sequence[Sequence[int]]) -> Pairs:
    """Both, so that nothing of either is recommended."""
    if not any(more):
        return pairs
    rows = [[*pairs.row(row).tolist(), *added] for row, added in enumerate(more)]
    return Pairs.of(rows, n_columns=pairs.n_columns)


def _participants(
    bodies: Sequence[RecommendBody],
    purchased: Sequence[list[int]],
    stored: ParticipantBatch,
    hidden: NDArray[np.bool_],
    model: LoadedModel,
) -> ParticipantBatch:
    sequence, profile = stored.sequence, stored.tokens
    own_history = [
        row for row, body in enumerate(bodies) if body.purchased is not None and not hidden[row]
    ]
    if own_history:
        given: list[Sequence[int]] = [[]] * len(bodies)
        for row in own_history:
            given[row] = purchased[row]
        sequence = _chosen(sequence, Sequences.of(given, n_items=model.n_items), own_history)
    tokens = {
        row: model.artifact.vocabulary.tokens_of(body.profile)
        for row, body in enumerate(bodies)
        if body.profile is not None and not hidden[row]
    }
    return ParticipantBatch(sequence, _with_tokens(profile, tokens) if tokens else profile)


def _chosen(stored: Sequences, given: Sequences, rows_given: Sequence[int]) -> Sequences:
    """`stored`, with `rows_given` taken from `given` instead."""
    both = Sequences(
        indptr=np.concatenate([stored.indptr, stored.indptr[-1] + given.indptr[1:]]),
        item_idx=np.concatenate([stored.item_idx, given.item_idx]),
        at_s=np.concatenate([stored.at_s, given.at_s]),
        n_items=stored.n_items,
    )
    rows = np.arange(stored.n_rows)
    rows[rows_given] += stored.n_rows
    return both.take(rows)


def _with_tokens(profile: Pairs, tokens_of_row: dict[int, list[int]]) -> Pairs:
    """`profile`, with the tokens of some rows replaced."""
    rows = [
        tokens_of_row[row] if row in tokens_of_row else profile.row(row).tolist()
        for row in range(profile.n_rows)
    ]
    return Pairs.of(rows, n_columns=profile.n_columns)


def _ages(
    bodies: Sequence[RecommendBody], stored: NDArray[np.int64], model: LoadedModel
) -> NDArray[np.int64]:
    column = model.artifact.manifest.dataset.eligibility.age_column
    ages = stored.copy()
    for row, body in enumerate(bodies):
        age = None if body.profile is None else body.profile.get(column)
        if age is not None:
            ages[row] = age_of(age)
    return ages


def _educations(
    bodies: Sequence[RecommendBody], stored: NDArray[np.int64], model: LoadedModel
) -> NDArray[np.int64]:
    rules = model.artifact.manifest.dataset.eligibility
    levels = stored.copy()
    for row, body in enumerate(bodies):
        level = None if body.profile is None else body.profile.get(rules.education_column)
        if level is not None:
            levels[row] = education_level(level, rules.education_order)
    return levels


def _moment_s(body: RecommendBody, model: LoadedModel, now_s: int) -> int:
    manifest = model.artifact.manifest
    return request_moment(manifest.dataset, body.as_of, cutoff_s=manifest.cutoff_s, now_s=now_s)
