"""What is known of each participant at the cut-off, as plain arrays that can be mapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.profile import ProfileVocabulary
from saldopas.features.encoding.sequences import ragged_ranges
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
        opted_out: (P,) bool; no token of these is stored.
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
        tokens = data.batch(order, seen, vocabulary).tokens.only(~data.opted_out[order])
        return cls(
            ids=ids[order],
            indptr=events.indptr,
            item_idx=events.item_idx,
            at_s=events.at_s,
            kept=data.kept[ragged_ranges(data.events.indptr[order], seen)],
            token_indptr=tokens.indptr,
            token_idx=tokens.indices,
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

    def rows_of(self, participant_ids: Sequence[str | None]) -> NDArray[np.int64]:
        """(B,) row of each id by binary search, -1 where it is None or unknown."""
        rows = np.full(len(participant_ids), -1, np.int64)
        longest = self.ids.dtype.itemsize
        wanted = {
            place: encoded
            for place, text in enumerate(participant_ids)
            if text is not None and len(encoded := text.encode("utf-8", "replace")) <= longest
        }
        if self.n_people == 0 or not wanted:
            return rows
        found = np.searchsorted(self.ids, np.array([*wanted.values()], dtype=self.ids.dtype))
        for (place, encoded), row in zip(wanted.items(), found.tolist(), strict=True):
            # numpy drops trailing NUL bytes, so the id is compared as it came
            if row < self.n_people and self.ids[row] == encoded:
                rows[place] = row
        return rows

    def newest_kept(self, row: int) -> tuple[int, int] | None:
        """Moment and course of the newest purchase of a row (-1: a stranger) that was kept."""
        if row < 0:
            return None
        events = np.arange(self.indptr[row], self.indptr[row + 1])
        kept = events[self.kept[events]]
        return (int(self.at_s[kept[-1]]), int(self.item_idx[kept[-1]])) if len(kept) else None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every array by its name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Snapshot:
        """See `arrays`."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})
