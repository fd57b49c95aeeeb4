"""A plain guess of the reward of any course in any slot, fitted on the lists of others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from saldopas.training_pipeline.evaluating.off_policy.served_lists import ServedLists
from saldopas.training_pipeline.evaluating.off_policy.weights import OffPolicyConfig, TargetPolicy

Floats = NDArray[np.float64]
PRIOR_SHOWN = 20.0  # a course shown so often counts half, the average of all courses half


def reward_table(lists: ServedLists) -> Floats:
    """(n_items, K): rate of the course, drawn towards the mean, times how the slot compares."""
    shown = lists.filled
    items, rewards = lists.item_idx[shown], lists.reward[shown]
    mean = rewards.mean() if len(rewards) else 0.0
    bought = np.bincount(items, rewards, lists.n_items)
    seen = np.bincount(items, minlength=lists.n_items)
    rate = (bought + PRIOR_SHOWN * mean) / (seen + PRIOR_SHOWN)
    by_slot = lists.reward.sum(axis=0) / np.maximum(shown.sum(axis=0), 1)
    return np.asarray(np.outer(rate, by_slot / mean if mean else by_slot))


def cross_fitted(
    lists: ServedLists, target: TargetPolicy, config: OffPolicyConfig, *, seed: int
) -> tuple[Floats, Floats]:
    """(n, K) guess for the logged course, and (n, K) guess for what the target would show.

    Participants are dealt to folds; each list is guessed from the other folds, so the guess is
    independent of its reward (Chernozhukov et al. 2018).
    """
    _, place = np.unique(lists.units, return_inverse=True)
    fold_of_unit = np.random.default_rng(seed).integers(config.folds, size=place.max() + 1)
    fold = fold_of_unit[place]
    logged, expected = np.zeros(lists.item_idx.shape), np.zeros(lists.item_idx.shape)
    for number in range(config.folds):
        rows = np.flatnonzero(fold == number)
        table = reward_table(lists.take(np.flatnonzero(fold != number)))
        mine, ours = lists.take(rows), target.take(rows)
        logged[rows] = table[mine.item_idx, np.arange(lists.depth)] * mine.filled
        if config.assumption == "item-position":
            expected[rows] = ours.expected_at_slot(mine, table) * mine.filled
        else:
            expected[rows] = ours.expected_given_above(mine, table)
    return logged, expected
