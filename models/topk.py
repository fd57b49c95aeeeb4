"""Exact top-n of one row among allowed items: by score, ties by item order, never padded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def top_n(
    scores: NDArray[np.float32], candidates: NDArray[np.integer], count: int
) -> NDArray[np.int64]:
    """The `min(count, len(candidates))` best of `candidates`, best first.

    Args:
        scores: (n_items,) finite.
        candidates: (k,) ascending item indices.
        count: how many are wanted, at least 0.
    """
    if count <= 0 or len(candidates) == 0:
        return np.empty(0, np.int64)
    values = -scores[candidates]
    if count < len(candidates):
        threshold = np.partition(values, count - 1)[count - 1]
        within = np.flatnonzero(values <= threshold)  # keeps every tie of the last place
        candidates, values = candidates[within], values[within]
    best = np.argsort(values, kind="stable")[:count]  # stable: ties stay in item order
    return candidates[best].astype(np.int64)
