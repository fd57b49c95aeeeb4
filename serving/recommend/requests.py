"""Bodies to a `RequestBatch`: what is known of each participant, then what the body says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from saldopas.features.encoding.ages import age_at_least
from saldopas.features.encoding.courses import education_level
from saldopas.features.encoding.snapshot import Snapshot
from saldopas.features.requests.batch import RequestBatch
from saldopas.features.requests.build import requests_of
from saldopas.features.requests.known_participant import Person
from saldopas.features.requests.moment import request_moment
from saldopas.serving.model.loaded import LoadedModel
from saldopas.serving.recommend.schemas import DEFAULT_N, RecommendBody
from saldopas.serving.recommend.stored import with_store
from saldopas.store.participants import Found


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
    people = [
        _with_body(person, body, model)
        for person, body in zip(_people(bodies, model, found), bodies, strict=True)
    ]
    limits = [_limit(person, body) for person, body in zip(people, bodies, strict=True)]
    batch = requests_of(
        people,
        limits=limits,
        excluded=[_unwanted(body, model) for body in bodies],
        as_of_s=[_moment_s(body, model, now_s) for body in bodies],
        counts=[body.n or DEFAULT_N for body in bodies],
        n_items=model.n_items,
        n_tokens=model.n_tokens,
    )
    return Asked(batch, [person.balance_rp for person in people])


def known_rows(snapshot: Snapshot, participant_ids: Sequence[str | None]) -> list[int]:
    """(B,) rows of the snapshot, -1 for nobody; ids longer than every known one are not looked up.

    (The look-up would widen all the ids of the snapshot to the longest id that is asked for.)
    """
    longest = snapshot.ids.dtype.itemsize
    rows = [-1] * len(participant_ids)
    wanted = {
        place: text
        for place, text in enumerate(participant_ids)
        if text is not None and len(text.encode()) <= longest
    }
    if wanted:
        for place, row in zip(wanted, snapshot.rows_of([*wanted.values()]).tolist(), strict=True):
            rows[place] = row
    return rows


def _people(
    bodies: Sequence[RecommendBody], model: LoadedModel, found: Sequence[Found] | None
) -> list[Person]:
    """Who asks, as the store has them, else the snapshot, which is then not looked at."""
    snapshot = model.artifact.snapshot
    ids = [body.participant_id for body in bodies]
    if found is None:
        return [snapshot.person(row) for row in known_rows(snapshot, ids)]
    unknown = [
        None if one.erased or one.participant is not None else name
        for name, one in zip(ids, found, strict=True)
    ]
    rows = known_rows(snapshot, unknown)
    return [
        with_store(snapshot.person(row), one, model) for row, one in zip(rows, found, strict=True)
    ]


def _with_body(person: Person, body: RecommendBody, model: LoadedModel) -> Person:
    """What the body says wins."""
    if body.balance is not None:
        person = person._replace(balance_rp=body.balance)
    if body.purchased is not None:
        bought = _items(body.purchased, model)
        history = person.history if person.opted_out else bought
        person = person._replace(history=history, owned=[*person.owned, *bought])
    if body.profile is not None:
        rules = model.artifact.manifest.dataset.eligibility
        if not person.opted_out:
            person = person._replace(tokens=model.artifact.vocabulary.tokens_of(body.profile))
        age = body.profile.get(rules.age_column)
        if age is not None:
            person = person._replace(age_at_least=age_at_least(age))
        level = body.profile.get(rules.education_column)
        if level is not None:
            reached = education_level(level, rules.education_order)
            person = person._replace(education_at_least=reached)
    return person


def _limit(person: Person, body: RecommendBody) -> int | None:
    """What one course may cost; `max_price` is a wish beside the balance."""
    if body.max_price is None or person.balance_rp is None:
        return person.balance_rp if body.max_price is None else body.max_price
    return min(person.balance_rp, body.max_price)


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


def _moment_s(body: RecommendBody, model: LoadedModel, now_s: int) -> int:
    manifest = model.artifact.manifest
    return request_moment(manifest.dataset, body.as_of, cutoff_s=manifest.cutoff_s, now_s=now_s)
