"""What a tuning has looked at, and whether what a training holds out for its test lies outside."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from saldopas.features.splits.split import Cut
from saldopas.features.splits.split_config import Method


@dataclass(frozen=True)
class LookedAt:
    """What is known before a test cut: all that may be chosen on.

    Attributes:
        method: how the test was held out.
        until_s: by date, the purchases from then on are outside; else the end of the data.
        known: digest of the purchases and profiles inside; empty by date, where the moment says it.
    """

    method: Method
    until_s: int
    known: str

    @classmethod
    def before(cls, test: Cut) -> LookedAt:
        """All but what the test cut holds out."""
        return cls(
            method=test.method,
            until_s=test.train.as_of_s,
            known="" if test.method == "by-date" else _digest(test),
        )

    def spares(self, test: LookedAt) -> bool:
        """Whether nothing of a test was looked at.

        By date that is a moment. Otherwise single purchases or people are held out, which depends
        on the data, the share and the seed: only the very same test is surely spared.
        """
        if self.method == test.method == "by-date":
            return self.until_s <= test.until_s
        return self == test


def _digest(test: Cut) -> str:
    people = test.train.participants
    told = (people.sequence.indptr, people.sequence.item_idx, people.tokens.indptr)
    digest = hashlib.sha256()
    for array in (*told, people.tokens.indices):
        digest.update(len(array).to_bytes(8, "little"))
        digest.update(array.astype("<i8").tobytes())
    return digest.hexdigest()
