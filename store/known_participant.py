"""What the store knows of a participant, in place of what the snapshot knows."""

from __future__ import annotations

from collections.abc import Mapping

from saldopas.features.encoding.ages import age_at_least
from saldopas.features.encoding.courses import education_level
from saldopas.features.encoding.profile import ProfileVocabulary
from saldopas.features.requests.participants import KnownParticipant
from saldopas.features.tables.dataset_config import DatasetConfig
from saldopas.store.event_rules import left_rp
from saldopas.store.participants import Found, Participant


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
