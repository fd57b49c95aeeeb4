"""Participants at the moment of a request: one as plain lists, many as typed arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.batch import ParticipantBatch
from saldopas.features.encoding.pairs import Pairs
from saldopas.features.encoding.profile import ProfileVocabulary
from saldopas.features.encoding.sequences import (
    Sequences,
    indptr_of,
    kept_only,
    ragged_ranges,
)
from saldopas.features.encoding.snapshot import Snapshot

if TYPE_CHECKING:  # a service loads no data contract
    from saldopas.features.encoding.indexed import IndexedDataset


Value = TypeVar("Value", bound=np.generic)


class KnownParticipant(NamedTuple):
    """What is known of one participant; the default is a stranger.

    Attributes:
        history: item indices of the kept purchases, oldest first.
        tokens: profile tokens, ascending.
        owned: item indices that were bought or cancelled before.
        balance_rp: the remaining balance, whole units; None where it is not known.
        age_at_least, education_at_least: surely reached, 0 where unknown.
        opted_out: `build_requests` hides history and profile of this participant from the models.
        participant_id: None where the request names nobody.
    """

    history: Sequence[int] = ()
    tokens: Sequence[int] = ()
    owned: Sequence[int] = ()
    balance_rp: int | None = None
    age_at_least: int = 0
    education_at_least: int = 0
    opted_out: bool = False
    participant_id: str | None = None

    @classmethod
    def of_snapshot(cls, snapshot: Snapshot, row: int) -> KnownParticipant:
        """Row `row` of a snapshot; -1 is a stranger."""
        if row < 0:
            return STRANGER
        events = slice(*snapshot.indptr[row : row + 2].tolist())
        tokens = slice(*snapshot.token_indptr[row : row + 2].tolist())
        owned = snapshot.item_idx[events].tolist()
        return cls(
            history=[*compress(owned, snapshot.kept[events].tolist())],
            tokens=snapshot.token_idx[tokens].tolist(),
            owned=owned,
            balance_rp=snapshot.balance_rp.item(row) if snapshot.has_balance.item(row) else None,
            age_at_least=snapshot.age_at_least.item(row),
            education_at_least=snapshot.education_at_least.item(row),
            opted_out=snapshot.opted_out.item(row),
            participant_id=snapshot.ids.item(row).decode(),
        )


STRANGER = KnownParticipant()


@dataclass(frozen=True)
class KnownParticipants:
    """B participants; row b of every array is one `KnownParticipant`.

    Attributes:
        batch: history and profile tokens.
        owned: (B, n_items), stored pairs were bought or cancelled before.
        balance_rp: (B,) int64, whole units, 0 where it is not known; has_balance: (B,) bool.
        age_at_least, education_at_least: (B,) int64, 0 where unknown.
        opted_out: (B,) bool, whose history and profile `build_requests` hides from the models.
    """

    batch: ParticipantBatch
    owned: Pairs
    balance_rp: NDArray[np.int64]
    has_balance: NDArray[np.bool_]
    age_at_least: NDArray[np.int64]
    education_at_least: NDArray[np.int64]
    opted_out: NDArray[np.bool_]

    @classmethod
    def of_dataset(
        cls,
        data: IndexedDataset,
        rows: NDArray[np.integer],
        seen: NDArray[np.integer],
        vocabulary: ProfileVocabulary,
    ) -> KnownParticipants:
        """Participants of a dataset after their first purchases.

        Args:
            data: the dataset.
            rows: (B,) participants; seen: (B,) how many of their purchases are known.
            vocabulary: the profile tokens.
        """
        return cls(
            batch=data.batch(rows, seen, vocabulary),
            owned=Pairs.of_events(data.events.prefixes(rows, seen)),
            balance_rp=data.balance_rp(rows, seen),
            has_balance=data.has_grant[rows],
            age_at_least=data.age_at_least[rows],
            education_at_least=data.education_at_least[rows],
            opted_out=data.opted_out[rows],
        )

    @classmethod
    def of_snapshot(
        cls, snapshot: Snapshot, rows: NDArray[np.integer], *, n_items: int, n_tokens: int
    ) -> KnownParticipants:
        """Rows of a snapshot.

        Args:
            snapshot: of an artifact.
            rows: (B,) rows; -1 is a stranger.
            n_items: size of the catalogue; n_tokens: size of the profile vocabulary.
        """
        known = rows >= 0

        def of_known(values: NDArray[Value]) -> NDArray[Value]:
            """(B,) values of the rows; 0 or False of strangers."""
            found = np.zeros(len(rows), values.dtype)
            found[known] = values[rows[known]]
            return found

        starts, first_tokens = of_known(snapshot.indptr[:-1]), of_known(snapshot.token_indptr[:-1])
        n_events = of_known(snapshot.indptr[1:]) - starts
        n_own_tokens = of_known(snapshot.token_indptr[1:]) - first_tokens
        events = ragged_ranges(starts, n_events)
        tokens = snapshot.token_idx[ragged_ranges(first_tokens, n_own_tokens)]
        bought = Sequences(
            indptr_of(n_events), snapshot.item_idx[events], snapshot.at_s[events], n_items
        )
        return cls(
            batch=ParticipantBatch(
                kept_only(bought, snapshot.kept[events]),
                Pairs(indptr_of(n_own_tokens), tokens, n_tokens),
            ),
            owned=Pairs.of_events(bought),
            balance_rp=of_known(snapshot.balance_rp),
            has_balance=of_known(snapshot.has_balance),
            age_at_least=of_known(snapshot.age_at_least),
            education_at_least=of_known(snapshot.education_at_least),
            opted_out=of_known(snapshot.opted_out),
        )

    def with_balances(self, balances_rp: Sequence[int | None]) -> KnownParticipants:
        """The same participants with (B,) given balances; None is no known balance."""
        return replace(
            self,
            balance_rp=np.array([balance or 0 for balance in balances_rp], np.int64),
            has_balance=np.array([balance is not None for balance in balances_rp], np.bool_),
        )

    @property
    def n_rows(self) -> int:
        """How many participants."""
        return self.batch.n_rows
