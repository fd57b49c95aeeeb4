"""Who asks, when, with how much left, and what is out of the question for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.batch import ParticipantBatch
from saldopas.features.encoding.pairs import Pairs

LIMIT, LIMITED, AGE, EDUCATION, MOMENT, COUNT = range(6)  # rows of `RequestBatch.terms`


@dataclass(frozen=True)
class RequestBatch:
    """B requests.

    Attributes:
        participants: what the models may see.
        owned: (B, n_items), stored pairs were bought or cancelled before.
        excluded: (B, n_items), stored pairs are not wanted.
        terms: (6, B) int64, the numbers below: one array is handed to machine code in a fifth of
            the time of six.
    """

    participants: ParticipantBatch
    owned: Pairs
    excluded: Pairs
    terms: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        *,
        participants: ParticipantBatch,
        owned: Pairs,
        excluded: Pairs,
        limit_rp: NDArray[np.int64],
        limited: NDArray[np.bool_],
        age_at_least: NDArray[np.int64],
        education_at_least: NDArray[np.int64],
        as_of_s: NDArray[np.int64],
        count: NDArray[np.int64],
    ) -> RequestBatch:
        """The same from (B,) arrays, see the properties.

        Raises:
            TypeError: numbers that are not whole.
        """
        terms = (limit_rp, limited, age_at_least, education_at_least, as_of_s, count)
        whole = np.stack(terms, dtype=np.int64, casting="same_kind")
        return cls(participants, owned, excluded, whole)

    @classmethod
    def joined(cls, parts: Sequence[RequestBatch]) -> RequestBatch:
        """The requests of all parts, at least one."""
        return cls(
            participants=ParticipantBatch.joined([part.participants for part in parts]),
            owned=Pairs.joined([part.owned for part in parts]),
            excluded=Pairs.joined([part.excluded for part in parts]),
            terms=np.concatenate([part.terms for part in parts], axis=1),
        )

    @property
    def n_rows(self) -> int:
        """How many requests."""
        n_rows: int = self.terms.shape[1]
        return n_rows

    @property
    def limit_rp(self) -> NDArray[np.int64]:
        """(B,) what may be spent on one course, whole units."""
        return self._row(LIMIT)

    @property
    def limited(self) -> NDArray[np.bool_]:
        """(B,) False where no limit is known."""
        return np.asarray(self._row(LIMITED) != 0)

    @property
    def age_at_least(self) -> NDArray[np.int64]:
        """(B,) years surely reached, 0 where unknown."""
        return self._row(AGE)

    @property
    def education_at_least(self) -> NDArray[np.int64]:
        """(B,) level surely reached, 0 where unknown."""
        return self._row(EDUCATION)

    @property
    def as_of_s(self) -> NDArray[np.int64]:
        """(B,) epoch seconds, the moment of the request."""
        return self._row(MOMENT)

    @property
    def count(self) -> NDArray[np.int64]:
        """(B,) how many courses are asked for."""
        return self._row(COUNT)

    def but(self, **changes: Any) -> RequestBatch:
        """The same requests with something else of what `of` takes."""
        now: dict[str, Any] = {
            "participants": self.participants,
            "owned": self.owned,
            "excluded": self.excluded,
            "limit_rp": self.limit_rp,
            "limited": self.limited,
            "age_at_least": self.age_at_least,
            "education_at_least": self.education_at_least,
            "as_of_s": self.as_of_s,
            "count": self.count,
        }
        return RequestBatch.of(**(now | changes))

    def take(self, rows: NDArray[np.integer]) -> RequestBatch:
        """The requests asked for, in that order."""
        return RequestBatch(
            participants=self.participants.take(rows),
            owned=self.owned.take(rows),
            excluded=self.excluded.take(rows),
            terms=np.ascontiguousarray(self.terms[:, rows]),
        )

    def _row(self, term: int) -> NDArray[np.int64]:
        row: NDArray[np.int64] = self.terms[term]
        return row
