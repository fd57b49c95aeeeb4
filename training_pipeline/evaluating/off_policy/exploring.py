"""A ranking that explores: lists drawn from it, and the exact chance of everything it could show.

Slot by slot: with chance epsilon a course drawn evenly from what is left of the pool, else the
best of what is left by the ranking. Everything ranked is in the pool where epsilon is above 0. The
chance of a course in a slot is known exactly, given the slots above and over all lists.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from saldopas.models.policy.policy import Recommendations
from saldopas.training_pipeline.evaluating.off_policy.served_lists import ServedLists

MOST_SLOTS = 12  # the exact chances take 2 ** slots states
ROWS_A_BLOCK = 20_000


@dataclass(frozen=True)
class ExploringRanking:
    """A policy's ranking of n requests, and how much it explores.

    Attributes:
        ranked: (n, K) int64 item indices, best first; as many as the list has slots.
        filled: (n, K) bool, False where fewer could be ranked.
        epsilon: chance that a slot explores; 0: the top K as it is.
    """

    ranked: NDArray[np.int64]
    filled: NDArray[np.bool_]
    epsilon: float

    @classmethod
    def of(cls, lists: Recommendations, *, depth: int, epsilon: float) -> ExploringRanking:
        """The ranking of a policy's own answer."""
        lengths = np.minimum(np.diff(lists.indptr), depth)
        filled = np.arange(depth) < lengths[:, None]
        places = np.where(filled, lists.indptr[:-1, None] + np.arange(depth), 0)
        items = lists.item_idx if len(lists.item_idx) else np.zeros(1, np.int64)
        return cls(np.where(filled, items[places], 0), filled, epsilon)

    def take(self, rows: NDArray[np.integer]) -> ExploringRanking:
        """The requests asked for, in that order."""
        return ExploringRanking(self.ranked[rows], self.filled[rows], self.epsilon)

    def shows_outside(self, lists: ServedLists) -> NDArray[np.bool_]:
        """(n,) whether a course has a chance in a slot where the logger could not show it.

        What explores moves its ranked courses down, so all of them must be in the pool.
        """
        could = lists.in_pool(self.ranked) if self.epsilon else lists.could_stand(self.ranked)
        return np.asarray((self.filled & ~could).any(axis=1))

    def chance_given_above(self, lists: ServedLists) -> NDArray[np.float64]:
        """(n, K) chance of each logged course given the logged courses above it."""
        free = self.filled.copy()
        chances = np.ones(lists.item_idx.shape)
        for slot in range(lists.depth):
            left = np.maximum(lists.n_pool - slot, 1)
            shown = lists.item_idx[:, slot]
            best = first_free(self.ranked, free)
            greedy = (shown == best) & free.any(axis=1)
            chance = self.epsilon / left + (1 - self.epsilon) * greedy
            chances[:, slot] = np.where(lists.filled[:, slot], chance, 1.0)
            free &= self.ranked != shown[:, None]
        return chances

    def chance_at_slot(self, lists: ServedLists) -> NDArray[np.float64]:
        """(n, K) chance of each logged course in its slot, whatever is above."""
        table = self._table(lists)
        place = self._place(lists.item_idx)
        rows, slots = np.arange(lists.n_lists)[:, None], np.arange(lists.depth)
        return np.where(lists.filled, table[rows, place, slots], 1.0)

    def expected_at_slot(
        self, lists: ServedLists, worth: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(n, K) sum over courses of the chance in the slot times `worth` (n_items, K)."""
        table = self._table(lists)
        slots = np.arange(lists.depth)
        top = worth[self.ranked] * self.filled[:, :, None]  # (n, K ranks, K slots)
        inside = (table[:, :-1] * top).sum(axis=1)
        outside = _pool_sum(lists, worth) - top.sum(axis=1)
        return np.asarray(inside + table[:, -1, slots] * outside)

    def expected_given_above(
        self, lists: ServedLists, worth: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(n, K) the same given the logged courses above."""
        free = self.filled.copy()
        rest = _pool_sum(lists, worth)
        found = np.zeros(lists.item_idx.shape)
        for slot in range(lists.depth):
            left = np.maximum(lists.n_pool - slot, 1)
            best = worth[first_free(self.ranked, free), slot] * free.any(axis=1)
            drawn = rest[:, slot] / left
            found[:, slot] = self.epsilon * drawn + (1 - self.epsilon) * best
            shown = lists.item_idx[:, slot]
            rest = rest - worth[shown] * lists.filled[:, slot, None]
            free &= self.ranked != shown[:, None]
        return np.where(lists.filled, found, 0.0)

    def _place(self, item_idx: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n, K) rank of each course, K where it is not among the first K."""
        same = (item_idx[:, :, None] == self.ranked[:, None, :]) & self.filled[:, None, :]
        place = np.where(same.any(axis=2), same.argmax(axis=2), self.ranked.shape[1])
        return np.asarray(place, np.int64)

    def _table(self, lists: ServedLists) -> NDArray[np.float64]:
        """(n, K + 1, K) of `slot_chances`."""
        sizes = np.maximum(lists.n_pool, self.filled.sum(axis=1))  # larger only where epsilon is 0
        sizes, place = np.unique(sizes, return_inverse=True)
        return slot_chances(sizes, depth=lists.depth, epsilon=self.epsilon)[place]


def slot_chances(n_pool: NDArray[np.int64], *, depth: int, epsilon: float) -> NDArray[np.float64]:
    """(m, depth + 1, depth) chance of the course of each rank in each slot.

    The last row of the middle axis is the chance of one course ranked below `depth`. Exact, by
    stepping through which of the first `depth` ranks are shown already.

    Args:
        n_pool: (m,) how many courses can be drawn.
        depth: slots, and ranks that are told apart.
        epsilon: chance that a slot explores.

    Raises:
        ValueError: more than 12 slots.
    """
    if depth > MOST_SLOTS:
        raise ValueError(f"{depth} slots: exact chances are known for at most {MOST_SLOTS}")
    states = np.arange(1 << depth)
    shown = (states[:, None] >> np.arange(depth) & 1).astype(np.bool_)
    best = np.where(shown.all(axis=1), depth, shown.argmin(axis=1))
    present = np.minimum(n_pool, depth)
    chance = np.zeros((len(n_pool), len(states)))
    chance[np.arange(len(n_pool)), (1 << depth) - (1 << present)] = 1.0
    found = np.zeros((len(n_pool), depth + 1, depth))
    for slot in range(depth):
        left = (n_pool - slot)[:, None]
        can = left > 0
        drawn = chance * np.where(can, epsilon / np.maximum(left, 1), 0)
        strangers = drawn * np.maximum(left - (~shown).sum(axis=1), 0)
        others = np.maximum(n_pool - present, 1)
        found[:, depth, slot] = strangers.sum(axis=1) / others
        after = strangers
        for rank in range(depth):
            unseen = ~shown[:, rank]
            step = drawn + chance * (1 - epsilon) * can * (best == rank)
            step = step[:, unseen]
            found[:, rank, slot] = step.sum(axis=1)
            after[:, states[unseen] | 1 << rank] += step
        chance = after
    return found


def first_free(ranked: NDArray[np.int64], free: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(n,) the best course that is free; any where none is."""
    return np.asarray(np.take_along_axis(ranked, free.argmax(axis=1)[:, None], axis=1)[:, 0])


def _pool_sum(lists: ServedLists, worth: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, K) sum of `worth` over the pool."""
    found = np.empty((lists.n_lists, worth.shape[1]))
    for start in range(0, lists.n_lists, ROWS_A_BLOCK):
        rows = slice(start, start + ROWS_A_BLOCK)
        found[rows] = lists.pool_block(rows).astype(np.float64) @ worth
    return found
