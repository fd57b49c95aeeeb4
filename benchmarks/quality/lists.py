"""A peer's scores as lists: the best 20 of each decision's candidates, filled up by popularity."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.task import Task

DEPTH = 20
CELLS_A_BLOCK = 8_000_000
UNKNOWN = -np.inf

# (b,) places of decisions -> (b, n_items) scores, `UNKNOWN` where the peer has nothing to say
Scorer = Callable[[NDArray[np.int64]], NDArray[np.floating]]


def top_lists(task: Task, score: Scorer) -> NDArray[np.int32]:
    """(B, DEPTH) items, best first, -1 past the end.

    Every peer has the same rule for what it does not know (people without a history, items without
    a training purchase, pairs it gives no score): popularity, behind all that it does know.
    """
    lists = np.full((task.n_cases, DEPTH), -1, np.int32)
    counts, has_history = task.counts, task.has_history
    fill = np.empty(task.width)
    fill[np.argsort(-counts, kind="stable")] = np.arange(task.width, 0, -1) / (task.width + 1)
    depth = min(DEPTH, task.width)
    size = max(1, CELLS_A_BLOCK // task.width)
    for start in range(0, task.n_cases, size):
        rows = np.arange(start, min(start + size, task.n_cases))
        values = np.asarray(score(rows), np.float64)
        known = np.isfinite(values) & (counts > 0) & has_history[rows, None]
        floor = np.min(values, axis=1, where=known, initial=np.inf)
        floor = np.where(np.isfinite(floor), floor, 0.0)
        keys = np.where(known, values, floor[:, None] - 2.0 + fill)
        keys[~task.allowed(rows)] = UNKNOWN
        lists[rows, :depth] = _best(keys, depth)
    return lists


def _best(keys: NDArray[np.float64], depth: int) -> NDArray[np.int32]:
    chosen = np.argpartition(-keys, depth - 1, axis=1)[:, :depth]
    values = np.take_along_axis(keys, chosen, axis=1)
    order = np.lexsort((chosen, -values), axis=1)
    ranked = np.take_along_axis(chosen, order, axis=1)
    reached = np.isfinite(np.take_along_axis(values, order, axis=1))
    return np.where(reached, ranked, -1).astype(np.int32)
