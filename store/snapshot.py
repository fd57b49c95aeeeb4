"""A participant as the artifact's snapshot knows them, for a store that does not know them yet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.eligibility import age_at_least, education_level
from saldopas.features.encoding.profile import ProfileVocabulary, TokenColumn
from saldopas.features.encoding.snapshot import Snapshot
from saldopas.features.requests.participants import KnownParticipant
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset_config import DatasetConfig
from saldopas.store.event_rules import left_rp
from saldopas.store.participants import Bought, Found, Participant


def known_participant(
    found: Found,
    in_snapshot: KnownParticipant,
    *,
    item_of: Mapping[str, int],
    vocabulary: ProfileVocabulary,
    config: DatasetConfig,
) -> KnownParticipant:
    """The participant that a request is about: the store's, else the snapshot's.

    Where the store did not answer, nothing of the snapshot ranks courses: the participant may have
    opted out or been erased since. What the snapshot says was bought stays excluded, and its
    balance holds.

    Args:
        found: what the store answered.
        in_snapshot: the same participant in the snapshot; a stranger where the store has erased
            the participant.
        item_of: item index by course id.
        vocabulary: the profile tokens.
        config: of the dataset, with the scheme's grant and the eligibility columns.
    """
    if found.down:
        return in_snapshot._replace(history=(), tokens=())
    if found.participant is None:
        return in_snapshot
    return of_store(found.participant, item_of=item_of, vocabulary=vocabulary, config=config)


def of_store(
    person: Participant,
    *,
    item_of: Mapping[str, int],
    vocabulary: ProfileVocabulary,
    config: DatasetConfig,
) -> KnownParticipant:
    """A participant of the store; courses that the catalogue does not have are left out."""
    rules, profile = config.eligibility, person.profile
    bought = [(one, item_of[one.course_id]) for one in person.purchases if one.course_id in item_of]
    return KnownParticipant(
        history=[item for one, item in bought if one.kept],
        tokens=vocabulary.tokens_of(profile),
        owned=[item for _, item in bought],
        balance_rp=left_rp(person, config),
        age_at_least=age_at_least(profile.get(rules.age_column)),
        education_at_least=education_level(
            profile.get(rules.education_column), rules.education_order
        ),
        opted_out=person.opted_out,
        participant_id=person.participant_id,
    )


def snapshot_participant(
    snapshot: Snapshot,
    row: int,
    *,
    course_ids: NDArray[np.object_],
    prices_rp: NDArray[np.int64],
    vocabulary: ProfileVocabulary,
    config: DatasetConfig,
) -> Participant:
    """What gives the same answers as row `row` of the snapshot: same tokens, owned and balance.

    Prices paid are not in a snapshot: the catalogue's stand for them, and the grant is what makes
    the same be left. Only the newest training may still go on: the scheme wants each one finished
    before the next. The moment of the announcement is not known.

    Args:
        snapshot: of an artifact.
        row: the participant's.
        course_ids: (n_items,) of the same artifact.
        prices_rp: (n_items,) of the same artifact.
        vocabulary: the artifact's profile tokens.
        config: the dataset's configuration.
    """
    events = range(int(snapshot.indptr[row]), int(snapshot.indptr[row + 1]))
    newest = max((place for place in events if snapshot.kept[place]), default=-1)
    purchases = tuple(
        Bought(
            course_id=str(course_ids[item := int(snapshot.item_idx[place])]),
            at=datetime.fromtimestamp(int(snapshot.at_s[place]), UTC),
            price_rp=int(prices_rp[item]),
            status=_status(kept=bool(snapshot.kept[place]), newest=place == newest),
        )
        for place in events
    )
    grant = None
    if snapshot.has_balance[row]:
        grant = int(snapshot.balance_rp[row]) + sum(one.price_rp for one in purchases if one.kept)
    return Participant(
        participant_id=bytes(snapshot.ids[row]).decode(),
        profile_json=json.dumps(_profile(snapshot, row, vocabulary, config), ensure_ascii=False),
        grant_rp=grant,
        opted_out=bool(snapshot.opted_out[row]),
        purchases=purchases,
    )


def _status(*, kept: bool, newest: bool) -> str:
    if not kept:
        return c.CANCELLED
    return c.ACTIVE if newest else c.COMPLETED


def _profile(
    snapshot: Snapshot, row: int, vocabulary: ProfileVocabulary, config: DatasetConfig
) -> dict[str, Any]:
    """Columns whose tokens are those of the snapshot; a band is told by a number inside it."""
    tokens = snapshot.token_idx[snapshot.token_indptr[row] : snapshot.token_indptr[row + 1]]
    profile: dict[str, Any] = {}
    start = 0
    for column in vocabulary.columns:
        places = tokens[(tokens >= start) & (tokens < start + len(column.labels))] - start
        if len(places):
            profile[column.column] = _value(column, int(places[0]))
        start += len(column.labels)
    rules = config.eligibility
    age, level = int(snapshot.age_at_least[row]), int(snapshot.education_at_least[row])
    if age:
        profile[rules.age_column] = age
    if level:
        profile[rules.education_column] = rules.education_order[level - 1]
    return profile


def _value(column: TokenColumn, place: int) -> str | float:
    if column.kind == "values":
        return column.labels[place].removeprefix(f"{column.column}=")
    if not column.edges:
        return 0
    low = column.edges[place - 1] if place else float(np.nextafter(column.edges[0], -np.inf))
    return int(low) if low == int(low) else low
