"""Who asks, when, with how much left, and what is out of the question for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.batch import ParticipantBatch
from features.pairs import Pairs


@dataclass(frozen=True)
class RequestBatch:
    """B requests; arrays have shape (B,) unless said otherwise.

    Attributes:
        participants: what the models may see.
        limit_rp: int64, what may be spent on one course, whole units.
        limited: bool, False where no limit is known.
        owned: (B, n_items), stored pairs were bought or cancelled before.
        excluded: (B, n_items), stored pairs are not wanted.
        age_at_least: int64 years surely reached, 0 where unknown.
        education_at_least: int64 level surely reached, 0 where unknown.
        as_of_s: int64 epoch seconds, the moment of the request.
        count: int64, how many courses are asked for.
    """

    participants: ParticipantBatch
    limit_rp: NDArray[np.int64]
    limited: NDArray[np.bool_]
    owned: Pairs
    excluded: Pairs
    age_at_least: NDArray[np.int64]
    education_at_least: NDArray[np.int64]
    as_of_s: NDArray[np.int64]
    count: NDArray[np.int64]

    @classmethod
    def joined(cls, parts: Sequence[RequestBatch]) -> RequestBatch:
        """The requests of all parts, at least one."""
        return cls(
            participants=ParticipantBatch.joined([part.participants for part in parts]),
            limit_rp=np.concatenate([part.limit_rp for part in parts]),
            limited=np.concatenate([part.limited for part in parts]),
            owned=Pairs.joined([part.owned for part in parts]),
            excluded=Pairs.joined([part.excluded for part in parts]),
            age_at_least=np.concatenate([part.age_at_least for part in parts]),
            education_at_least=np.concatenate([part.education_at_least for part in parts]),
            as_of_s=np.concatenate([part.as_of_s for part in parts]),
            count=np.concatenate([part.count for part in parts]),
        )

    @property
    def n_rows(self) -> int:
        """How many requests."""
        return len(self.limit_rp)

    def take(self, rows: NDArray[np.integer]) -> RequestBatch:
        """The requests asked for, in that order."""
        return RequestBatch(
            participants=self.participants.take(rows),
            limit_rp=self.limit_rp[rows],
            limited=self.limited[rows],
            owned=self.owned.take(rows),
            excluded=self.excluded.take(rows),
            age_at_least=self.age_at_least[rows],
            education_at_least=self.education_at_least[rows],
            as_of_s=self.as_of_s[rows],
            count=self.count[rows],
        )
