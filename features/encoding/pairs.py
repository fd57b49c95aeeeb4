"""Which columns each row holds, in CSR layout: a few plain arrays, made in a microsecond."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.sequences import (
    Sequences,
    flat,
    indptr_of,
    joined_indptr,
    ragged_ranges,
)
from scipy.sparse import csr_array


@dataclass(frozen=True)
class Pairs:
    """Stored pairs of a (B, n_columns) table of yes and no.

    (scipy checks each matrix that it makes, which takes longer than ranking the courses.)

    Attributes:
        indptr: (B + 1,) int64; row b is `indptr[b]:indptr[b + 1]` of indices.
        indices: int32 columns; n_columns: how many there are.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    n_columns: int

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]], *, n_columns: int) -> Pairs:
        """Pairs of plain lists of columns."""
        return cls(*flat(rows), n_columns)

    @classmethod
    def of_events(cls, sequences: Sequences) -> Pairs:
        """Everything that each row bought; what was bought twice stands there twice."""
        return cls(sequences.indptr, sequences.item_idx, sequences.n_items)

    @classmethod
    def none(cls, n_rows: int, n_columns: int) -> Pairs:
        """No pair at all."""
        return cls(np.zeros(n_rows + 1, np.int64), np.empty(0, np.int32), n_columns)

    @classmethod
    def joined(cls, parts: Sequence[Pairs]) -> Pairs:
        """The rows of all parts, one part after the other; of one width, at least one."""
        return cls(
            joined_indptr([part.indptr for part in parts]),
            np.concatenate([part.indices for part in parts]),
            parts[0].n_columns,
        )

    @property
    def n_rows(self) -> int:
        """B."""
        return len(self.indptr) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(B,) pairs of each row."""
        return np.diff(self.indptr)

    def row(self, row: int) -> NDArray[np.int32]:
        """The columns of one row."""
        return self.indices[self.indptr[row] : self.indptr[row + 1]]

    def take(self, rows: NDArray[np.integer]) -> Pairs:
        """The rows asked for, in that order."""
        lengths = self.lengths[rows]
        return self._prefixes(self.indptr[rows], lengths)

    def only(self, keep: NDArray[np.bool_]) -> Pairs:
        """The same rows, those without a True emptied."""
        lengths = np.where(keep, self.lengths, 0)
        return self._prefixes(self.indptr[:-1], lengths)

    def _prefixes(self, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Pairs:
        indices = self.indices[ragged_ranges(starts, lengths)]
        return Pairs(indptr_of(lengths), indices, self.n_columns)

    def toarray(self) -> NDArray[np.bool_]:
        """(B, n_columns) bool."""
        table = np.zeros((self.n_rows, self.n_columns), np.bool_)
        table[np.repeat(np.arange(self.n_rows), self.lengths), self.indices] = True
        return table

    @cached_property
    def matrix(self) -> csr_array:
        """(B, n_columns) float32 ones."""
        ones = np.ones(len(self.indices), np.float32)
        return csr_array((ones, self.indices, self.indptr), (self.n_rows, self.n_columns))


MIN_GROUP_PEOPLE = 20  # counts of a smaller group could identify a person


def profile_keys(profile: csr_array) -> list[bytes]:
    """One key a row of a (B, n_tokens) matrix: its sorted token indices, as bytes."""
    ordered = profile.sorted_indices()
    indices = ordered.indices.astype(np.int32)
    ends = ordered.indptr
    return [indices[ends[r] : ends[r + 1]].tobytes() for r in range(profile.shape[0])]


def distinct_profiles(profile: csr_array) -> tuple[csr_array, NDArray[np.int64]]:
    """Distinct profiles (n_groups, n_tokens), as they appear, and (P,) group of each row."""
    seen: dict[bytes, int] = {}
    keys = profile_keys(profile)
    group_of = np.array([seen.setdefault(key, len(seen)) for key in keys], np.int64)
    _, first = np.unique(group_of, return_index=True)
    return profile[first].sorted_indices(), group_of


def membership(group_of: NDArray[np.int64]) -> csr_array:
    """(n_groups, P) float64 ones, to sum rows of people by group."""
    n_groups = int(group_of.max(initial=-1)) + 1
    people = np.arange(len(group_of))
    shape = (n_groups, len(group_of))
    return csr_array((np.ones(len(group_of)), (group_of, people)), shape=shape)
