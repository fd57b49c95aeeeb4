"""Bodies to a `RequestBatch`: what is known of each participant, then what the body says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from saldopas.features.encoding.eligibility import age_at_least, education_level
from saldopas.features.requests.batch import Request, RequestBatch, batch_of, request_moment
from saldopas.features.requests.participants import KnownParticipant
from saldopas.serving.model.loaded import LoadedModel
from saldopas.serving.recommend.schemas import DEFAULT_N, RecommendBody
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

    Args:
        bodies: B validated bodies.
        model: whose snapshot and catalogue they are about.
        now_s: the clock, epoch seconds; used where the dataset's `as_of` is "now".
        found: (B,) what the store says, which wins over the snapshot; None: there is no store.
    """
    people = model.participants.known([body.participant_id for body in bodies], found)
    requests = [
        _request(person, body, model, now_s=now_s)
        for person, body in zip(people, bodies, strict=True)
    ]
    batch = batch_of(requests, n_items=model.n_items, n_tokens=model.n_tokens)
    return Asked(batch, [request.balance_rp for request in requests])


def _request(
    person: KnownParticipant, body: RecommendBody, model: LoadedModel, *, now_s: int
) -> Request:
    manifest = model.artifact.manifest
    return Request(
        participant=_with_body(person, body, model),
        as_of_s=request_moment(
            manifest.dataset, body.as_of, cutoff_s=manifest.cutoff_s, now_s=now_s
        ),
        count=body.n or DEFAULT_N,
        max_price_rp=body.max_price,
        excluded=_excluded(body, model),
    )


def _with_body(
    person: KnownParticipant, body: RecommendBody, model: LoadedModel
) -> KnownParticipant:
    """What the body says wins."""
    if body.balance is not None:
        person = person._replace(balance_rp=body.balance)
    if body.purchased is not None:
        bought = _items(body.purchased, model)
        person = person._replace(history=bought, owned=[*person.owned, *bought])
    if body.profile is not None:
        rules = model.artifact.manifest.dataset.eligibility
        person = person._replace(tokens=model.artifact.vocabulary.tokens_of(body.profile))
        age = body.profile.get(rules.age_column)
        if age is not None:
            person = person._replace(age_at_least=age_at_least(age))
        level = body.profile.get(rules.education_column)
        if level is not None:
            reached = education_level(level, rules.education_order)
            person = person._replace(education_at_least=reached)
    return person


def _items(course_ids: Sequence[str] | None, model: LoadedModel) -> list[int]:
    found = (model.item_of.get(course_id) for course_id in course_ids or ())
    return [item for item in found if item is not None]


def _excluded(body: RecommendBody, model: LoadedModel) -> list[int]:
    """Item indices that `exclude` and `category` take out."""
    excluded = _items(body.exclude, model)
    if body.category is None:
        return excluded
    outside = np.ones(model.n_items, np.bool_)
    outside[model.items_in.get(body.category, [])] = False
    return [*excluded, *np.flatnonzero(outside).tolist()]
