"""People, each as plain lists, to the requests that they make."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from saldopas.features.encoding.batch import ParticipantBatch
from saldopas.features.encoding.pairs import Pairs
from saldopas.features.encoding.sequences import Sequences
from saldopas.features.requests.batch import RequestBatch
from saldopas.features.requests.known_participant import Person


def requests_of(
    people: Sequence[Person],
    *,
    limits: Sequence[int | None],
    excluded: Sequence[Sequence[int]],
    as_of_s: Sequence[int],
    counts: Sequence[int],
    n_items: int,
    n_tokens: int,
) -> RequestBatch:
    """The requests of (B,) people, as `RequestBatch` has them.

    Args:
        people: who asks.
        limits: (B,) what one course may cost, whole units, None where nothing limits it.
        excluded: (B,) item indices that are not wanted.
        as_of_s: (B,) moments; counts: (B,) how many courses are asked for.
        n_items, n_tokens: of catalogue and vocabulary.
    """
    return RequestBatch(
        participants=ParticipantBatch(
            Sequences.of([person.history for person in people], n_items=n_items),
            Pairs.of([person.tokens for person in people], n_columns=n_tokens),
        ),
        owned=Pairs.of([person.owned for person in people], n_columns=n_items),
        excluded=Pairs.of(excluded, n_columns=n_items),
        terms=np.array(
            [
                [limit or 0 for limit in limits],
                [limit is not None for limit in limits],
                [person.age_at_least for person in people],
                [person.education_at_least for person in people],
                as_of_s,
                counts,
            ],
            np.int64,
        ),
    )
