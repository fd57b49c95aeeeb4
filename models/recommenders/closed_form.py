"""Item-to-item weights of a closed-form solve: its inputs, its linear algebra, its scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.batch import TrainingSet
from saldopas.features.encoding.sequences import Sequences, newest_weights
from saldopas.features.errors import FitError
from saldopas.models.native import DenseRows, Part
from saldopas.models.recommenders.recommender import State, Term
from scipy.sparse import csr_array, hstack

COLUMNS_PER_BLOCK = 1_024
BYTES_PER_CELL = 8
SQUARE_MATRICES = 7  # at the peak of a fit, measured in tests/models/test_closed_form.py


class Inputs(NamedTuple):
    """The inputs of a solve: (m,) item indices and (t,) token indices, ascending int32."""

    items: NDArray[np.int32]
    tokens: NDArray[np.int32]

    @property
    def side(self) -> int:
        """Side m + t of the matrices of a solve."""
        return len(self.items) + len(self.tokens)


@dataclass(frozen=True)
class ItemWeights:
    """Linear scores [history of the kept items | token_weight * profile] @ weights.

    Attributes:
        kept: (m,) int32 item indices with weights; every other item scores 0.
        weights: (m + n_tokens, m) float32; rows of zeros for tokens that were not kept.
        n_items: size of the catalogue.
    """

    kept: NDArray[np.int32]
    weights: NDArray[np.float32]
    n_items: int

    @classmethod
    def of_solved(cls, kept: Inputs, solved: NDArray[np.float64], train: TrainingSet) -> Self:
        """Give the (m + t, m) weights of a solve a row for every token."""
        m = len(kept.items)
        weights = np.zeros((m + train.participants.tokens.n_columns, m), np.float32)
        weights[:m] = solved[:m]
        weights[m + kept.tokens] = solved[m:]
        return cls(kept.items, weights, train.n_items)

    def part(self, *, token_weight: float, decay: float = 1.0) -> Part:
        """The scores, where a token weighs `token_weight`; the others as in `DenseRows`."""
        return DenseRows(
            self.weights,
            self.kept,
            n_items=self.n_items,
            decay=decay,
            token_weight=token_weight,
        )

    def terms(
        self,
        sequence: Sequences,
        weights: NDArray[np.float32],
        profile: csr_array,
        *,
        token_weight: float,
        items: NDArray[np.integer],
    ) -> list[Term]:
        """Split the scores of K courses into one term a purchased course and a profile token.

        Args:
            sequence: one row.
            weights: (E,) float32 of its purchases.
            profile: (1, n_tokens) its tokens.
            token_weight: weight of each token.
            items: (K,) item indices.
        """
        _, earlier, values = newest_weights(sequence, weights)
        places = self._place_of[items]
        known = places >= 0

        def part(row: int, value: float) -> NDArray[np.float64]:
            found = np.zeros(len(items))
            found[known] = value * self.weights[row, places[known]].astype(np.float64)
            return found

        terms = [
            Term("history", int(item), part(int(self._place_of[item]), float(value)))
            for item, value in zip(earlier, values, strict=True)
            if self._place_of[item] >= 0
        ]
        return terms + [
            Term("profile", int(token), part(len(self.kept) + int(token), token_weight))
            for token in profile.indices
        ]

    @cached_property
    def _place_of(self) -> NDArray[np.int32]:
        """(n_items,) row of each item in `weights`, -1 where it has none."""
        places = np.full(self.n_items, -1, np.int32)
        places[self.kept] = np.arange(len(self.kept), dtype=np.int32)
        return places

    def state(self) -> State:
        """Arrays of `from_state`."""
        return {
            "kept": self.kept,
            "weights": self.weights,
            "n_items": np.array([self.n_items], np.int64),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Restore the weights of `state`."""
        return cls(state["kept"], state["weights"], int(state["n_items"][0]))


def inputs_to_keep(train: TrainingSet, *, min_purchases: int, memory_mb: int) -> Inputs:
    """Choose the items and tokens of a solve within a memory limit.

    A fit holds 7 square float64 matrices of side m + t, which limits m + t. Candidates are the
    items with at least `min_purchases` purchases (any purchase, where no item has so many) and all
    tokens. Where the limit is exceeded, items and tokens may each fill half of it and the rest of
    the other's half; the most bought items and the most common tokens are kept.

    Args:
        train: the purchases and profiles.
        min_purchases: purchases of a kept item.
        memory_mb: limit of the matrices, in MiB.
    """
    bought = np.bincount(train.participants.sequence.item_idx, minlength=train.n_items)
    tokens = train.participants.tokens
    common = np.bincount(tokens.indices, minlength=tokens.n_columns)
    often = bought >= min_purchases
    wanted = int(np.count_nonzero(often if often.any() else bought))
    side = int(np.sqrt(memory_mb * 2**20 / BYTES_PER_CELL / SQUARE_MATRICES))
    n_tokens = min(len(common), max(side // 2, side - wanted))
    return Inputs(
        items=_largest(bought, min(wanted, side - n_tokens)), tokens=_largest(common, n_tokens)
    )


def _largest(counts: NDArray[np.integer], n: int) -> NDArray[np.int32]:
    """Indices of the `n` largest counts, ascending; ties by index."""
    return np.sort(np.argsort(-counts, kind="stable")[:n]).astype(np.int32)


def inputs_of(
    history: csr_array, profile: csr_array, *, kept: Inputs, token_weight: float
) -> csr_array:
    """(B, m + t) float32: histories of the kept items beside the weighted kept tokens."""
    tokens = profile[:, kept.tokens] * np.float32(token_weight)
    stacked = csr_array(hstack([history[:, kept.items], tokens], format="csr"))
    return stacked.astype(np.float32)


def ridge_inverse(gram: NDArray[np.float64], penalty: NDArray[np.float64]) -> NDArray[np.float64]:
    """Invert `gram + diag(penalty)` by Cholesky, in the memory of `gram`.

    Args:
        gram: (d, d) float64, overwritten.
        penalty: (d,) float64.

    Returns:
        (d, d) float64.

    Raises:
        FitError: the matrix is not positive definite (a penalty of 0).
    """
    from scipy.linalg import lapack  # a worker never fits: 2 MB less

    if len(gram) == 0:  # LAPACK refuses an empty matrix
        return gram
    gram[np.diag_indices_from(gram)] += penalty
    # the transpose of a symmetric C array is a Fortran array, on which LAPACK works in place
    factor, info = lapack.dpotrf(gram.T, lower=1, overwrite_a=1, clean=0)
    if info == 0:
        factor, info = lapack.dpotri(factor, lower=1, overwrite_c=1)
    if info != 0:
        raise FitError("the Gram matrix is not positive definite; raise l2")
    for start in range(0, len(factor), COLUMNS_PER_BLOCK):  # dpotri fills the lower triangle only
        end = start + COLUMNS_PER_BLOCK
        square = np.tril(factor[start:end, start:end])
        factor[start:end, start:end] = square + np.tril(square, -1).T
        factor[start:end, end:] = factor[end:, start:end].T
    return np.asarray(factor)


def without_own_weight(
    inverse: NDArray[np.float64], solution: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Constrain the weight of each item on itself to zero, in place.

    Args:
        inverse: (d, d) float64 P.
        solution: (d, m) float64 P C; its first m rows are the same items as its columns.

    Returns:
        `solution`.

    Source:
        Lagrange multipliers, Steck 2019, eq. 8.
    """
    m = solution.shape[1]
    multiplier = np.diag(solution[:m]) / np.diag(inverse)[:m]
    for start in range(0, m, COLUMNS_PER_BLOCK):
        columns = slice(start, min(start + COLUMNS_PER_BLOCK, m))
        solution[:, columns] -= inverse[:, columns] * multiplier[columns]
    solution[np.diag_indices(m)] = 0.0
    return solution


def self_excluding_weights(inverse: NDArray[np.float64], m: int) -> NDArray[np.float64]:
    """Solve for targets that are the first m inputs: -P_ij / P_jj, 0 on the diagonal.

    Args:
        inverse: (d, d) float64 P.
        m: number of targets.

    Returns:
        (d, m) float64.

    Source:
        EASE, Steck 2019, eq. 8.
    """
    weights = inverse[:, :m] / -np.diag(inverse)[:m]
    weights[np.diag_indices(m)] = 0.0
    return np.asarray(weights)


def cosine_similarity(gram: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m, m) float64 G_ij / sqrt(G_ii G_jj), 0 on the diagonal; every G_ii is positive."""
    norm = np.sqrt(np.diag(gram))
    similarity = gram / norm[:, None]
    similarity /= norm[None, :]
    similarity[np.diag_indices_from(similarity)] = 0.0
    return np.asarray(similarity)


def dense_product(left: csr_array, right: csr_array) -> NDArray[np.float64]:
    """left^T right, dense float64."""
    return np.asarray((left.T.astype(np.float64) @ right.astype(np.float64)).toarray())
