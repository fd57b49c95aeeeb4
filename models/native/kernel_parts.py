"""What a linear model is made of, as the machine code takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from saldopas.models.native import kernel_rows as rows
from scipy.sparse import csr_array


class Recency(NamedTuple):
    """Weight of each purchase: `newest` of the newest, decay^(newer purchases) of the others."""

    decay: float = 1.0
    newest: float = 1.0


@dataclass(frozen=True)
class Part:
    """One row of the table of parts, see `saldopas.models.native.kernel_rows`.

    Attributes:
        kind: how it is summed.
        n_items: courses that the model knows.
        fields: by column of the table: a size, or an array, whose address is written there.
        numbers: decay, weight of the newest purchase, of a token, strength of a prior.
    """

    kind: int
    n_items: int
    fields: Mapping[int, NDArray[Any] | int]
    numbers: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 0.0)


def dense_rows(
    weights: NDArray[np.float32],
    kept: NDArray[np.int32],
    *,
    n_items: int,
    recency: Recency,
    token_weight: float,
) -> Part:
    """Rows of what was bought and of the tokens, each times its weight, as scores of some items.

    Args:
        weights: (m + n_tokens, m) rows of the kept items, then of the tokens.
        kept: (m,) the items.
        n_items: of the catalogue.
        recency: weights of purchases; token_weight: of a token.
    """
    row_of = np.full(n_items, -1, np.int32)
    row_of[kept] = np.arange(len(kept), dtype=np.int32)
    fields: dict[int, NDArray[Any] | int] = {
        rows.DENSE: _plain(weights, np.float32),
        rows.ITEM_OF: _plain(kept, np.int32),
        rows.ROW_OF: row_of,
        rows.WIDTH: len(kept),
        rows.FIRST_TOKEN: len(kept),
    }
    return Part(rows.ROWS, n_items, fields, (*recency, token_weight, 0.0))


def sparse_rows(matrix: csr_array, *, recency: Recency) -> Part:
    """Rows of an (n_items, n_items) matrix, one a purchase, each times its weight."""
    return Part(rows.SPARSE, matrix.shape[0], _sparse(matrix), (*recency, 0.0, 0.0))


def same_for_all(scores: NDArray[np.float32]) -> Part:
    """(n_items,) scores that nothing changes."""
    return Part(rows.STATIC, len(scores), {rows.DENSE: _plain(scores, np.float32)})


def group_shares(
    share: NDArray[np.float32],
    lift: NDArray[np.float32],
    group_tokens: csr_array,
    group_counts: csr_array,
    *,
    strength: float,
) -> Part:
    """Shares of everybody times the lifts of the tokens, then counts of the exact profile.

    Args:
        share: (n_items,); lift: (n_tokens, n_items), within 1e-9 and 1e9.
        group_tokens: (n_groups, n_tokens); group_counts: (n_groups, n_items).
        strength: how much the prior weighs beside the counts.
    """
    token_indptr = _plain(group_tokens.indptr, np.int64)
    token_indices = _plain(group_tokens.indices, np.int32)
    hashes: NDArray[np.uint64] = rows.profile_hashes(token_indptr, token_indices)  # type: ignore[no-untyped-call]
    order = np.argsort(hashes, kind="stable").astype(np.int64)
    fields = _sparse(group_counts) | {
        rows.SHARE: _plain(share, np.float32),
        rows.DENSE: _plain(lift, np.float32),
        rows.N_GROUPS: group_tokens.shape[0],
        rows.HASHES: hashes[order],
        rows.GROUPS: order,
        rows.TOKEN_INDPTR: token_indptr,
        rows.TOKEN_INDICES: token_indices,
        rows.TOTALS: np.asarray(group_counts.sum(axis=1), np.float32),
    }
    return Part(rows.SHARES, len(share), fields, (0.0, 0.0, 0.0, strength))


def _sparse(matrix: csr_array) -> dict[int, NDArray[Any] | int]:
    return {
        rows.INDPTR: _plain(matrix.indptr, np.int64),
        rows.INDICES: _plain(matrix.indices, np.int32),
        rows.DATA: _plain(matrix.data, np.float32),
    }


def _plain(array: NDArray[Any], dtype: type[np.generic]) -> NDArray[Any]:
    """Contiguous and of this type; what is already so (a memory map as well) is not copied."""
    return np.ascontiguousarray(array, dtype)
