"""What is known of each participant at the cut-off, as plain arrays that can be mapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.batch import ParticipantBatch
from saldopas.features.encoding.pairs import Pairs
from saldopas.features.encoding.profile import ProfileVocabulary
from saldopas.features.encoding.sequences import Sequences, kept_only, ragged_ranges
from saldopas.features.requests.batch import RequestBatch
from saldopas.features.requests.known_participant import STRANGER, Person
from saldopas.features.tables import columns as c

if TYPE_CHECKING:
    from saldopas.features.encoding.indexed import IndexedDataset


@dataclass(frozen=True)
class Snapshot:
    """P participants sorted by id; every array may be a read-only memory map.

    Attributes:
        ids: (P,) UTF-8 bytes, ascending.
        indptr: (P + 1,) int64 into item_idx (E,) int32, at_s (E,) int64 and kept (E,) bool.
        token_indptr: (P + 1,) int64 into token_idx int32.
        balance_rp: (P,) int64, what is left; has_balance: (P,) bool, whether it is known.
        age_at_least, education_at_least: (P,) int64, 0 where unknown.
        opted_out: (P,) bool; these have no tokens here and no history for models.
    """

    ids: NDArray[np.bytes_]
    indptr: NDArray[np.int64]
    item_idx: NDArray[np.int32]
    at_s: NDArray[np.int64]
    kept: NDArray[np.bool_]
    token_indptr: NDArray[np.int64]
    token_idx: NDArray[np.int32]
    balance_rp: NDArray[np.int64]
    has_balance: NDArray[np.bool_]
    age_at_least: NDArray[np.int64]
    education_at_least: NDArray[np.int64]
    opted_out: NDArray[np.bool_]

    @classmethod
    def take(cls, data: IndexedDataset, vocabulary: ProfileVocabulary, *, as_of_s: int) -> Snapshot:
        """Everybody's state before `as_of_s`."""
        ids = np.array([text.encode() for text in data.people[c.PARTICIPANT_ID]] or [b""], "S")
        ids = ids[: data.n_people]
        order = np.argsort(ids, kind="stable")
        seen = data.seen_before(as_of_s)[order]
        events = data.events.prefixes(order, seen)
        batch = data.batch(order, seen, vocabulary)
        return cls(
            ids=ids[order],
            indptr=events.indptr,
            item_idx=events.item_idx,
            at_s=events.at_s,
            kept=data.kept[ragged_ranges(data.events.indptr[order], seen)],
            token_indptr=batch.tokens.indptr,
            token_idx=batch.tokens.indices,
            balance_rp=data.balance_rp(order, seen),
            has_balance=data.has_grant[order],
            age_at_least=data.age_at_least[order],
            education_at_least=data.education_at_least[order],
            opted_out=data.opted_out[order],
        )

    @property
    def n_people(self) -> int:
        """How many participants."""
        return len(self.ids)

    def rows_of(self, participant_ids: Sequence[str]) -> NDArray[np.int64]:
        """(B,) row of each id by binary search, -1 where it is unknown."""
        if self.n_people == 0 or not participant_ids:
            return np.full(len(participant_ids), -1, np.int64)
        # an id longer than all that are stored is cut: it then differs from whatever is found
        encoded = [text.encode("utf-8", "replace") for text in participant_ids]
        wanted = np.array(encoded, dtype=self.ids.dtype)
        place = np.minimum(np.searchsorted(self.ids, wanted), self.n_people - 1)
        # numpy drops trailing NUL bytes, so an id that holds one is compared as it came
        same = np.array([self.ids[p] == t for p, t in zip(place, encoded, strict=True)], bool)
        return np.where(same, place, -1).astype(np.int64)

    def person(self, row: int) -> Person:
        """One row, -1 for a stranger, as `requests` has it."""
        if row < 0:
            return STRANGER
        events = slice(int(self.indptr[row]), int(self.indptr[row + 1]))
        owned, opted_out = self.item_idx[events], bool(self.opted_out[row])
        tokens = slice(int(self.token_indptr[row]), int(self.token_indptr[row + 1]))
        return Person(
            history=() if opted_out else owned[self.kept[events]].tolist(),
            tokens=self.token_idx[tokens].tolist(),
            owned=owned.tolist(),
            balance_rp=int(self.balance_rp[row]) if self.has_balance[row] else None,
            age_at_least=int(self.age_at_least[row]),
            education_at_least=int(self.education_at_least[row]),
            opted_out=opted_out,
        )

    def newest_kept(self, row: int) -> tuple[int, int] | None:
        """Moment and course of the newest purchase of a row (-1: a stranger) that was kept."""
        if row < 0:
            return None
        events = np.arange(self.indptr[row], self.indptr[row + 1])
        kept = events[self.kept[events]]
        return (int(self.at_s[kept[-1]]), int(self.item_idx[kept[-1]])) if len(kept) else None

    def requests(
        self,
        rows: NDArray[np.integer],
        *,
        as_of_s: int,
        count: int,
        n_items: int,
        n_tokens: int,
    ) -> RequestBatch:
        """Requests of known rows (-1: an unknown participant) with their own balances."""
        known = rows >= 0
        if self.n_people == 0:
            return _strangers(len(rows), as_of_s, count, n_items, n_tokens)
        safe = np.where(known, rows, 0)
        events = Sequences(self.indptr, self.item_idx, self.at_s, n_items)
        seen = np.where(known, self.indptr[safe + 1] - self.indptr[safe], 0)
        mine = events.prefixes(safe, seen)
        visible = np.where(self.opted_out[safe], 0, seen)
        kept = self.kept[ragged_ranges(self.indptr[safe], visible)]
        n_tokens_of = np.where(known, self.token_indptr[safe + 1] - self.token_indptr[safe], 0)
        tokens = self.token_idx[ragged_ranges(self.token_indptr[safe], n_tokens_of)]
        token_indptr = np.concatenate([[0], np.cumsum(n_tokens_of)])
        profile = Pairs(token_indptr, tokens, n_tokens)
        return RequestBatch.of(
            participants=ParticipantBatch(kept_only(events.prefixes(safe, visible), kept), profile),
            limit_rp=np.where(known, self.balance_rp[safe], 0),
            limited=known & self.has_balance[safe],
            owned=Pairs.of_events(mine),
            excluded=Pairs.none(len(rows), n_items),
            age_at_least=np.where(known, self.age_at_least[safe], 0),
            education_at_least=np.where(known, self.education_at_least[safe], 0),
            as_of_s=np.full(len(rows), as_of_s, np.int64),
            count=np.full(len(rows), count, np.int64),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every array by its name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Snapshot:
        """See `arrays`."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def _strangers(n_rows: int, as_of_s: int, count: int, n_items: int, n_tokens: int) -> RequestBatch:
    return RequestBatch.of(
        participants=ParticipantBatch(
            Sequences.of([[] for _ in range(n_rows)], n_items=n_items),
            Pairs.none(n_rows, n_tokens),
        ),
        limit_rp=np.zeros(n_rows, np.int64),
        limited=np.zeros(n_rows, bool),
        owned=Pairs.none(n_rows, n_items),
        excluded=Pairs.none(n_rows, n_items),
        age_at_least=np.zeros(n_rows, np.int64),
        education_at_least=np.zeros(n_rows, np.int64),
        as_of_s=np.full(n_rows, as_of_s, np.int64),
        count=np.full(n_rows, count, np.int64),
    )
