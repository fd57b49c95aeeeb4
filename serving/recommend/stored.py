"""What the store says of a participant, in place of what the snapshot says."""

from __future__ import annotations

from saldopas.features.encoding.ages import age_at_least
from saldopas.features.encoding.courses import education_level
from saldopas.features.requests.known_participant import Person
from saldopas.serving.model.loaded import LoadedModel
from saldopas.store.event_rules import left_rp
from saldopas.store.participants import Found


def with_store(person: Person, found: Found, model: LoadedModel) -> Person:
    """`person`, or who the store knows instead.

    Where the store did not answer, nothing of the snapshot ranks courses (somebody may have been
    erased, or have opted out since), but what it says was bought stays out, and its balance holds.

    Args:
        person: of the snapshot; a stranger where the store has them erased.
        found: what the store said.
        model: whose catalogue and vocabulary they are of.
    """
    if found.down:
        return person._replace(history=(), tokens=())
    known = found.participant
    if known is None:
        return person
    dataset, vocabulary = model.artifact.manifest.dataset, model.artifact.vocabulary
    rules = dataset.eligibility
    history, owned = [], []
    for one in known.purchases:
        item = model.item_of.get(one.course_id)
        if item is not None:
            owned.append(item)
            if one.kept:
                history.append(item)
    hidden, profile = known.opted_out, known.profile
    return Person(
        history=() if hidden else history,
        tokens=() if hidden else vocabulary.tokens_of(profile),
        owned=owned,
        balance_rp=left_rp(known, dataset),
        age_at_least=age_at_least(profile.get(rules.age_column)),
        education_at_least=education_level(
            profile.get(rules.education_column), rules.education_order
        ),
        opted_out=hidden,
    )
