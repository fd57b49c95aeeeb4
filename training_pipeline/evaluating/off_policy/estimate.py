"""Value of a target policy in purchases a list: IPS, SNIPS and doubly robust, with intervals."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from saldopas.training_pipeline.evaluating.off_policy.exploring import ExploringRanking
from saldopas.training_pipeline.evaluating.off_policy.served_lists import ServedLists
from saldopas.training_pipeline.evaluating.off_policy.weights import (
    OffPolicyConfig,
    effective_size,
    importance_weights,
)
from saldopas.training_pipeline.evaluating.statistics import likelihood_interval

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
    lists: ServedLists, target: ExploringRanking, config: OffPolicyConfig, *, seed: int
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


@dataclass(frozen=True)
class Estimate:
    """Purchases a list and the interval over participants; see `likelihood_interval`."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class OffPolicyValue:
    """The target's value by each estimator, and what it rests on.

    Attributes:
        logged: what the logged lists earned.
        ips, snips, doubly_robust: the target's estimates.
        lift: doubly robust minus logged, on the same lists.
        effective_lists: smallest effective sample size of a slot.
        effective_purchases: effective number of the purchases that count.
        mean_weight: (K,) mean weight of each slot.
    """

    assumption: str
    n_lists: int
    n_units: int
    logged: Estimate
    ips: Estimate
    snips: Estimate
    doubly_robust: Estimate
    lift: Estimate
    effective_lists: float
    effective_purchases: float
    mean_weight: tuple[float, ...]
    largest_weight: float
    clip: float | None
    clipped_share: float
    outside_share: float

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def estimate_value(
    lists: ServedLists, target: ExploringRanking, config: OffPolicyConfig, *, seed: int
) -> OffPolicyValue:
    """Value of `target` in purchases a list, the sum over the slots k of

    IPS (Horvitz & Thompson 1952; per slot Li et al. 2018): mean w_k r_k.
    SNIPS (Swaminathan & Joachims 2015): mean w_k r_k / mean w_k.
    Doubly robust (Dudik et al. 2011; down a list Kiyohara et al. 2022):
    mean of w_k (r_k - q(a_k, k)) + w_above E_target[q(., k)], q fitted on other participants.

    Raises:
        CannotEstimateError: see `importance_weights`.
    """
    weights = importance_weights(lists, target, config)
    guess, expected = cross_fitted(lists, target, config, seed=seed)
    w = weights.values
    earned = w * lists.reward
    robust = (w * (lists.reward - guess) + weights.above * expected).sum(axis=1)
    logged = lists.reward.sum(axis=1)
    means = np.column_stack([logged, earned.sum(axis=1), robust, robust - logged])
    ratios, ratio_influence = _self_normalised(w, lists.reward)
    found = likelihood_interval(
        np.append(means.mean(axis=0), ratios),
        np.column_stack([means - means.mean(axis=0), ratio_influence]),
        clusters=lists.units,
        level=config.level,
    )
    plain = [
        Estimate(float(value), float(low), float(high))
        for value, low, high in zip(found.mean, found.low, found.high, strict=True)
    ]
    return OffPolicyValue(
        assumption=config.assumption,
        n_lists=lists.n_lists,
        n_units=len(np.unique(lists.units)),
        logged=plain[0],
        ips=plain[1],
        snips=plain[4],
        doubly_robust=plain[2],
        lift=plain[3],
        effective_lists=float(weights.effective.min()),
        effective_purchases=float(effective_size(earned.sum(axis=1)[:, None])[0]),
        mean_weight=tuple(float(mean) for mean in weights.mean),
        largest_weight=weights.largest,
        clip=config.clip,
        clipped_share=weights.clipped_share,
        outside_share=weights.outside_share,
    )


def _self_normalised(w: Floats, reward: Floats) -> tuple[float, Floats]:
    """Sum over slots of R_k = mean w_k r_k / mean w_k, and (n,) its influence.

    The influence is the sum over slots of w_k (r_k - R_k) / mean w_k; a slot without any weight
    adds nothing.
    """
    mean = w.mean(axis=0)
    share = np.divide(w, mean, out=np.zeros_like(w), where=mean > 0)
    ratios = (share * reward).mean(axis=0)
    return float(ratios.sum()), np.asarray((share * (reward - ratios)).sum(axis=1))
