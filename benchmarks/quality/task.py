"""One cut as a neutral file: what was bought before, and decisions with their allowed candidates.

Only numpy and scipy, so that peers read it in environments where the project does not install.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Weights = Literal["binary", "counts"]


@dataclass(frozen=True)
class Task:
    """U training participants, B decisions, n items.

    Attributes:
        train_indptr: (U + 1,) int64; train_item: (E,) int32, what each bought, oldest first.
        case_indptr: (B + 1,) int64; case_item: int32, what was bought before each decision.
        case_train_row: (B,) int64 the decision's participant among the U, -1 where not there.
        participant: (B,) int64 whose decision it is.
        allowed_bits: (B, ceil(n / 8)) uint8, `packbits` of the candidates.
        target_indptr: (B + 1,) int64; target_item: int32, what was bought at the decision.
        n_items: (1,) int64.
    """

    train_indptr: NDArray[np.int64]
    train_item: NDArray[np.int32]
    case_indptr: NDArray[np.int64]
    case_item: NDArray[np.int32]
    case_train_row: NDArray[np.int64]
    participant: NDArray[np.int64]
    allowed_bits: NDArray[np.uint8]
    target_indptr: NDArray[np.int64]
    target_item: NDArray[np.int32]
    n_items: NDArray[np.int64]

    @classmethod
    def read(cls, path: Path) -> Task:
        """What `write` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(**{field.name: stored[field.name] for field in fields(cls)})

    def write(self, path: Path) -> None:
        """One .npz file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @property
    def width(self) -> int:
        """n, how many items."""
        return int(self.n_items[0])

    @property
    def n_cases(self) -> int:
        """B, how many decisions."""
        return len(self.participant)

    @property
    def has_history(self) -> NDArray[np.bool_]:
        """(B,) whether anything was bought before."""
        return np.asarray(np.diff(self.case_indptr) > 0)

    @property
    def counts(self) -> NDArray[np.int64]:
        """(n,) training purchases of each item."""
        return np.bincount(self.train_item, minlength=self.width)

    def train_matrix(self, weights: Weights = "binary") -> csr_matrix:
        """(U, n) float32."""
        return _matrix(self.train_indptr, self.train_item, self.width, weights)

    def history(self, weights: Weights = "binary") -> csr_matrix:
        """(B, n) float32 of what was bought before each decision."""
        return _matrix(self.case_indptr, self.case_item, self.width, weights)

    def allowed(self, rows: NDArray[np.integer]) -> NDArray[np.bool_]:
        """(len(rows), n) the candidates."""
        return np.unpackbits(self.allowed_bits[rows], axis=1, count=self.width).astype(np.bool_)


def _matrix(
    indptr: NDArray[np.int64], items: NDArray[np.int32], width: int, weights: Weights
) -> csr_matrix:
    values = np.ones(len(items), np.float32)
    matrix = csr_matrix((values, items.copy(), indptr.copy()), (len(indptr) - 1, width))
    matrix.sum_duplicates()
    if weights == "binary":
        matrix.data[:] = 1.0
    return matrix
