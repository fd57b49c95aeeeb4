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
    counts = task.counts
    popular = np.argsort(-counts, kind="stable")
    size = max(1, CELLS_A_BLOCK // task.width)
    for start in range(0, task.n_cases, size):
        rows = np.arange(start, min(start + size, task.n_cases))
        allowed = task.allowed(rows)
        asked = np.flatnonzero(task.has_history[rows])
        if len(asked) > 0:
            values = np.asarray(score(rows[asked]), np.float32)
            values[~allowed[asked]] = UNKNOWN
            values[:, counts == 0] = UNKNOWN
            lists[rows[asked]] = _best(values)
        for place in np.flatnonzero((lists[rows] < 0).any(axis=1)):
            _fill(lists[rows[place]], allowed[place], popular)
    return lists


def _best(values: NDArray[np.float32]) -> NDArray[np.int32]:
    """(b, DEPTH) the known items of each row by falling score, ties by item; -1 past the end."""
    depth = min(DEPTH, values.shape[1])
    # negated: of many equal values at the low end the selection from the top is slow
    chosen = np.argpartition(-values, depth - 1, axis=1)[:, :depth]
    kept = np.take_along_axis(values, chosen, axis=1)
    order = np.lexsort((chosen, -kept), axis=1)
    ranked = np.take_along_axis(chosen, order, axis=1)
    known = np.take_along_axis(kept, order, axis=1) > UNKNOWN
    lists = np.full((len(values), DEPTH), -1, np.int32)
    lists[:, :depth] = np.where(known, ranked, -1)
    return lists


def _fill(row: NDArray[np.int32], allowed: NDArray[np.bool_], popular: NDArray[np.int64]) -> None:
    """Append the most bought of the candidates to the (DEPTH,) list `row`, in place."""
    filled = int((row >= 0).sum())
    left = allowed.copy()
    left[row[:filled]] = False
    more = popular[left[popular]][: DEPTH - filled]
    row[filled : filled + len(more)] = more
