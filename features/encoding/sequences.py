"""What participants bought, in order: ragged rows of (item, time) in CSR layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


@dataclass(frozen=True)
class Sequences:
    """B participants' purchases, oldest first.

    Attributes:
        indptr: (B + 1,) int64; row b is the events `indptr[b]:indptr[b + 1]`.
        item_idx: (E,) int32.
        at_s: (E,) int64 epoch seconds, not decreasing within a row.
        n_items: size of the catalogue.
    """

    indptr: NDArray[np.int64]
    item_idx: NDArray[np.int32]
    at_s: NDArray[np.int64]
    n_items: int

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]], *, n_items: int) -> Sequences:
        """Sequences of plain lists of item indices, one second apart; for requests and tests."""
        indptr, items = flat(rows)
        return cls(indptr, items, np.arange(len(items)), n_items)

    @classmethod
    def joined(cls, parts: Sequence[Sequences]) -> Sequences:
        """The rows of all parts, one part after the other; of one catalogue, at least one."""
        return cls(
            joined_indptr([part.indptr for part in parts]),
            np.concatenate([part.item_idx for part in parts]),
            np.concatenate([part.at_s for part in parts]),
            parts[0].n_items,
        )

    @property
    def n_rows(self) -> int:
        """How many participants."""
        return len(self.indptr) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(B,) events of each row."""
        return np.diff(self.indptr)

    @property
    def rows(self) -> NDArray[np.int64]:
        """(E,) the row of each event."""
        return np.repeat(np.arange(self.n_rows), self.lengths)

    @property
    def age_in_row(self) -> NDArray[np.int64]:
        """(E,) how many events of the row are newer: 0 for the newest."""
        return np.repeat(self.indptr[1:], self.lengths) - 1 - np.arange(len(self.item_idx))

    @property
    def repeats(self) -> NDArray[np.int64]:
        """(E,) how often the row holds the event's course: 1 where it was bought once."""
        keys = self.rows * np.int64(self.n_items) + self.item_idx
        _, place, counts = np.unique(keys, return_inverse=True, return_counts=True)
        return np.asarray(counts[place], np.int64)

    def take(self, rows: NDArray[np.integer]) -> Sequences:
        """The rows asked for, in that order, whole."""
        return self.prefixes(rows, self.lengths[rows])

    def prefixes(self, rows: NDArray[np.integer], lengths: NDArray[np.integer]) -> Sequences:
        """The first `lengths[i]` events of row `rows[i]`: what was known at an earlier moment."""
        events = ragged_ranges(self.indptr[rows], lengths)
        return Sequences(indptr_of(lengths), self.item_idx[events], self.at_s[events], self.n_items)

    def only(self, keep: NDArray[np.bool_]) -> Sequences:
        """The same rows, those without a True emptied."""
        return self.prefixes(np.arange(self.n_rows), np.where(keep, self.lengths, 0))

    def over(self, n_items: int) -> Sequences:
        """The same events in a catalogue of another size."""
        return Sequences(self.indptr, self.item_idx, self.at_s, n_items)

    def matrix(self, weights: NDArray[np.floating] | None = None) -> csr_array:
        """(B, n_items) float32; a course bought twice keeps its newest weight; ones by default."""
        values = np.ones(len(self.item_idx), np.float32) if weights is None else weights
        return newest_weight_matrix(self, values.astype(np.float32))


def recency_matrix(sequences: Sequences, *, decay: float) -> csr_array:
    """(B, n_items) float32 history weights `decay ** (newer purchases)`, newest 1.

    Args:
        sequences: B rows.
        decay: in (0, 1]; 1 gives the binary matrix.
    """
    return sequences.matrix(np.power(np.float32(decay), sequences.age_in_row))


def newest_weight_matrix(sequences: Sequences, values: NDArray[np.float32]) -> csr_array:
    """(B, n_items) CSR of `newest_weights`."""
    indptr, items, weights = newest_weights(sequences, values)
    shape = (sequences.n_rows, sequences.n_items)
    return csr_array((weights, items, indptr), shape)


def newest_weights(
    sequences: Sequences, values: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """CSR arrays (indptr, items, weights) of events; a repeated course has its newest weight."""
    rows, items = sequences.rows, sequences.item_idx.astype(np.int64)
    keys = rows * np.int64(sequences.n_items) + items
    # unique() keeps the first of equal keys, so it is given the events newest first
    _, newest = np.unique(keys[::-1], return_index=True)
    keep = len(keys) - 1 - newest
    indptr = np.zeros(sequences.n_rows + 1, np.int32)
    np.cumsum(np.bincount(rows[keep], minlength=sequences.n_rows), out=indptr[1:])
    return indptr, items[keep].astype(np.int32), values[keep]


def kept_only(sequences: Sequences, keep: NDArray[np.bool_]) -> Sequences:
    """The events with a True, rows kept."""
    lengths = np.bincount(sequences.rows[keep], minlength=sequences.n_rows)
    return Sequences(
        indptr_of(lengths), sequences.item_idx[keep], sequences.at_s[keep], sequences.n_items
    )


def joined_indptr(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """The row pointer of rows one after the other; each part's begins with 0."""
    sizes = np.fromiter(map(len, parts), np.int64, len(parts))
    joined = np.concatenate(parts)
    ends = np.ones(len(joined), np.bool_)
    ends[np.cumsum(sizes) - sizes] = False  # the 0 of each part
    lengths = np.diff(joined, prepend=0)[ends]
    return indptr_of(lengths)


def indptr_of(lengths: NDArray[np.integer]) -> NDArray[np.int64]:
    """(B + 1,) int64 row pointer of (B,) row lengths."""
    indptr = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=indptr[1:])
    return indptr


def flat(rows: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Row pointer and values of plain lists."""
    ends = accumulate(map(len, rows), initial=0)
    return np.array([*ends], np.int64), np.array([*chain.from_iterable(rows)], np.int32)


def ragged_ranges(starts: NDArray[np.integer], lengths: NDArray[np.integer]) -> NDArray[np.int64]:
    """Concatenated `starts[i] + arange(lengths[i])`, int64."""
    total = int(np.sum(lengths))
    ends = np.cumsum(lengths)
    offsets = np.arange(total) - np.repeat(ends - lengths, lengths)
    ranges: NDArray[np.int64] = (np.repeat(starts, lengths) + offsets).astype(np.int64)
    return ranges
