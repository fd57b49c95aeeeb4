"""How alike two ranked lists are: rank-biased overlap and Jaccard."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from saldopas.models.policy.policy import Recommendations

NO_COURSE = -1


def padded(lists: Recommendations, *, depth: int) -> NDArray[np.int64]:
    """(B, depth) item indices, -1 where a list is shorter."""
    lengths = np.minimum(np.diff(lists.indptr), depth)
    filled = np.arange(depth) < lengths[:, None]
    rows = np.full((len(lengths), depth), NO_COURSE, np.int64)
    rows[filled] = lists.item_idx[(lists.indptr[:-1, None] + np.arange(depth))[filled]]
    return rows


def rank_biased_overlap(
    ours: NDArray[np.int64], theirs: NDArray[np.int64], *, persistence: float
) -> NDArray[np.float64]:
    """(B,) RBO_ext of lists of the same length (Webber, Moffat & Zobel 2010, equation 23).

    Sum over depths d of (1 - p) p^(d-1) X_d / d, and the last agreement for all depths below; 1 for
    equal lists. Two empty lists are equal.

    Args:
        ours, theirs: (B, depth) distinct courses, -1 past the end, which is the same in both.
        persistence: p, chance of looking at the next place.

    Raises:
        ValueError: the lists of a row are not of the same length.
    """
    filled = ours >= 0
    if (filled != (theirs >= 0)).any():
        raise ValueError("lists of one request differ in length")
    common = _common_by_depth(ours, theirs)
    depths = np.arange(1, ours.shape[1] + 1)
    agreement = common / depths
    weights = (1 - persistence) * persistence ** (depths - 1)
    lengths = filled.sum(axis=1)
    last = np.maximum(lengths - 1, 0)
    tail = agreement[np.arange(len(ours)), last] * persistence**lengths
    found = (agreement * weights * filled).sum(axis=1) + tail
    return np.asarray(np.where(lengths > 0, found, 1.0))


def jaccard(ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> NDArray[np.float64]:
    """(B,) courses in both over courses in either; 1 for two empty lists."""
    common = _common_by_depth(ours, theirs)[:, -1]
    either = (ours >= 0).sum(axis=1) + (theirs >= 0).sum(axis=1) - common
    return np.where(either > 0, common / np.maximum(either, 1), 1.0)


def _common_by_depth(ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> NDArray[np.int64]:
    """(B, depth) how many courses the first d places share: a pair counts at its deeper place."""
    n_rows, depth = ours.shape
    same = (ours[:, :, None] == theirs[:, None, :]) & (ours[:, :, None] >= 0)
    deeper = np.maximum(np.arange(depth)[:, None], np.arange(depth)[None, :])
    found = np.zeros((n_rows, depth), np.int64)
    for place in range(depth):
        found[:, place] = same[:, deeper == place].sum(axis=1)
    return np.asarray(np.cumsum(found, axis=1), np.int64)
