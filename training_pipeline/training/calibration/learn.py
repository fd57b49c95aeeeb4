"""The curves of `saldopas.models.policy.calibration`, fitted on the decisions of one cut."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import IndexedDataset
from saldopas.features.splits.split import Cut
from saldopas.models.policy.calibration import LEVELS, Calibration, curve_of, levels_of
from saldopas.models.policy.policy import Policy
from saldopas.training_pipeline.training.calibration.price_factors import with_price_factors
from saldopas.training_pipeline.training.calibration.reliability import (
    Reliability,
    blocks,
    judged_decisions,
    measure,
)
from scipy.optimize import isotonic_regression

DECISIONS_FOR_EDGES = 4_000
MOST_BINS = 40
FEWEST_TARGETS = 20  # of a bin
FEW = 4 * FEWEST_TARGETS  # a curve of fewer takes the bins of all levels
ROUNDS = 6
PARTS = ("score", "chance", "bought")  # of `Curves`, besides indptr
PRIOR = 0.01  # purchases at the mean rate added to each bin: none is 0, and the best stay as high


@dataclass(frozen=True)
class BinCounts:
    """B decisions over the K bins of all curves.

    Attributes:
        shown: (B, K) float32, allowed courses of each decision by bin.
        bought: (K,) purchases; score_sum: (K,) of the allowed courses.
        n_bought: (B,) purchases of each decision.
    """

    shown: NDArray[np.float32]
    bought: NDArray[np.float64]
    score_sum: NDArray[np.float64]
    n_bought: NDArray[np.int64]


class Curves(NamedTuple):
    """Knots of all curves as `Calibration` has them; bought: (curves,) purchases of each."""

    indptr: NDArray[np.int64]
    score: NDArray[np.float64]
    chance: NDArray[np.float64]
    bought: NDArray[np.float64]


def learn_calibration(data: IndexedDataset, cut: Cut, policy: Policy, *, seed: int) -> Calibration:
    """The curves of a policy that was fitted on the training part of `cut`.

    At most `blocks.MOST_DECISIONS` of the cut are looked at, drawn with `seed`. The cut may hold
    few whom only the last stage answers (strangers, and those who opted out): of these the curves
    are what that stage alone would have said of everybody. Then come the factors of price and
    share, given the curves, and h anew.
    """
    cut = judged_decisions(cut, seed=seed)
    last = replace(policy, stages=policy.stages[-1:])
    curves = _or_alone(learn_curves(data, cut, policy), learn_curves(data, cut, last))
    none = np.zeros(1), np.ones(1)
    by_score = Calibration(curves.indptr, curves.score, curves.chance, *none, *none, *none)
    complete, of_decision = with_price_factors(by_score, data, cut, policy)
    mass, expected = _masses(of_decision, np.diff(cut.cases.targets.indptr))
    return replace(complete, mass=mass, expected=expected)


def learn_curves(data: IndexedDataset, cut: Cut, policy: Policy) -> Curves:
    """The curves of every stage and level, on all decisions of the cut.

    Scores are put in bins between quantiles of what was bought. Each round first fits h given g,
    then g given the factors f_d = h(Z_d) / Z_d: with E[bought] = g_bin * sum of f_d over the
    allowed pairs of the bin, the rising g of the highest (Poisson) likelihood is the isotonic
    regression of bought / sum f_d with weights sum f_d.
    """
    edges, starts = bin_edges(data, cut, policy)
    counts = count_bins(data, cut, policy, edges, starts)
    shown = counts.shown.sum(axis=0, dtype=np.float64)
    total = counts.bought.sum()
    chance = _rising(counts.bought, shown, starts)
    mass, expected = np.zeros(1), np.ones(1)
    for _ in range(ROUNDS):
        of_decision = counts.shown @ chance
        mass, expected = _masses(of_decision, counts.n_bought)
        factor = np.interp(of_decision, mass, expected) / np.maximum(of_decision, 1e-12)
        chance = _rising(counts.bought, factor @ counts.shown, starts)
        chance *= total / max(float((counts.shown @ chance).sum()), 1e-12)
    bought = np.array([counts.bought[low:high].sum() for low, high in pairwise(starts.tolist())])
    return _or_nearest(Curves(*_knots(chance, counts.score_sum, shown, starts), bought))


def bin_edges(
    data: IndexedDataset, cut: Cut, policy: Policy
) -> tuple[list[NDArray[np.float32]], NDArray[np.int64]]:
    """Inner edges of each curve's bins, and where its bins start among all: (curves + 1,)."""
    places = len(policy.stages) + 1
    bought: list[list[NDArray[np.float32]]] = [[] for _ in range(places * LEVELS)]
    every = max(1, cut.cases.n_cases // DECISIONS_FOR_EDGES)
    for rows, asked, scores, place in blocks(data, cut, policy, every=every):
        at, items = cut.cases.targets[rows].nonzero()
        curve = place[at, items] * LEVELS + levels_of(asked)[at]
        for one in np.unique(curve[place[at, items] >= 0]):
            bought[one].append(scores[at, items][curve == one])
    found = [np.concatenate(parts) if parts else np.empty(0, np.float32) for parts in bought]
    for one in range(places):
        levels = range(curve_of(one, 0), curve_of(one, LEVELS))
        of_stage = np.concatenate([found[one] for one in levels])
        for one in levels:
            if len(found[one]) < FEW:
                found[one] = of_stage
    edges = [_quantile_edges(scores) for scores in found]
    starts = np.cumsum([0, *(len(inner) + 1 for inner in edges)])
    return edges, starts


def count_bins(
    data: IndexedDataset,
    cut: Cut,
    policy: Policy,
    edges: list[NDArray[np.float32]],
    starts: NDArray[np.int64],
) -> BinCounts:
    """See `BinCounts`."""
    n_bins = int(starts[-1])
    shown = np.zeros((cut.cases.n_cases, n_bins), np.float32)
    bought, score_sum = np.zeros(n_bins), np.zeros(n_bins)
    for rows, asked, scores, place in blocks(data, cut, policy):
        targets = cut.cases.targets[rows]
        level = levels_of(asked)
        for at in range(len(rows)):
            bins = _bins_of(scores[at], place[at], int(level[at]), edges, starts)
            inside = np.flatnonzero(bins >= 0)
            shown[rows[at]] = np.bincount(bins[inside], minlength=n_bins)
            score_sum += np.bincount(bins[inside], scores[at, inside], minlength=n_bins)
            own = bins[targets.indices[targets.indptr[at] : targets.indptr[at + 1]]]
            np.add.at(bought, own[own >= 0], 1)
    return BinCounts(shown, bought, score_sum, np.diff(cut.cases.targets.indptr))


def _quantile_edges(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    n_bins = min(MOST_BINS, len(scores) // FEWEST_TARGETS)
    if n_bins < 2:
        return np.empty(0, np.float32)
    return np.unique(np.quantile(scores, np.arange(1, n_bins) / n_bins).astype(np.float32))


def _bins_of(
    scores: NDArray[np.float32],
    place: NDArray[np.int8],
    level: int,
    edges: list[NDArray[np.float32]],
    starts: NDArray[np.int64],
) -> NDArray[np.int64]:
    """(n,) bin of each course of one decision, -1 where it is not allowed."""
    bins = np.full(len(scores), -1, np.int64)
    for stage in range(len(edges) // LEVELS):
        items = np.flatnonzero(place == stage)
        if len(items):
            curve = curve_of(stage, level)
            inside = np.searchsorted(edges[curve], scores[items], side="right")
            bins[items] = starts[curve] + inside
    return bins


def _rising(
    bought: NDArray[np.float64], exposed: NDArray[np.float64], starts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(K,) bought / exposed with `PRIOR`, made to rise within each curve."""
    mean = max(bought.sum(), 1.0) / max(exposed.sum(), 1.0)
    weights = exposed + PRIOR / mean
    rates = (bought + PRIOR) / weights
    for low, high in pairwise(starts.tolist()):
        rates[low:high] = isotonic_regression(rates[low:high], weights=weights[low:high]).x
    rising: NDArray[np.float64] = rates
    return rising


def _masses(
    mass: NDArray[np.float64], n_bought: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Knots of h: mean mass and purchases of equally many decisions, made to rise."""
    order = np.argsort(mass, kind="stable")
    parts = np.array_split(order, min(MOST_BINS, max(1, len(order) // 50)))
    knots = np.array([mass[part].mean() for part in parts])
    means = np.array([n_bought[part].mean() for part in parts])
    sizes = np.array([len(part) for part in parts], np.float64)
    return knots, isotonic_regression(means, weights=sizes).x


def _or_nearest(curves: Curves) -> Curves:
    """Of each stage, a level with hardly a purchase has the curve of the nearest one with more.

    Somebody may have a history of a length that the cut does not show.
    """
    source = np.arange(len(curves.bought))
    for first in range(0, len(source), LEVELS):
        bought = curves.bought[first : first + LEVELS]
        known = np.flatnonzero(bought >= min(FEWEST_TARGETS, bought.max()))
        for level in range(LEVELS):
            source[first + level] = first + known[np.argmin(np.abs(known - level))]
    return _chosen(curves, source)


def _or_alone(curves: Curves, alone: Curves) -> Curves:
    """Replace the curves of the last stage by those of `alone` where purchases are few.

    Args:
        curves: of all stages.
        alone: of the last stage, asked for everybody. A level with few purchases has the curve of
            the level with the most.
    """
    indptr = np.concatenate([curves.indptr, curves.indptr[-1] + alone.indptr[1:]])
    joined = (np.concatenate([getattr(one, name) for one in (curves, alone)]) for name in PARTS)
    both = Curves(indptr, *joined)
    source = np.arange(len(curves.bought))
    theirs = alone.bought[LEVELS:]
    for level in range(-LEVELS, 0):
        own = level if theirs[level] >= FEW else int(np.argmax(theirs)) - LEVELS
        if curves.bought[level] < min(FEW, theirs[own]):
            source[level] = len(both.bought) + own
    return _chosen(both, source)


def _chosen(curves: Curves, source: NDArray[np.int64]) -> Curves:
    """The curves `source`; the purchases stay those of the curves in whose place they stand."""
    score, chance = (
        [np.split(part, curves.indptr[1:-1])[one] for one in source]
        for part in (curves.score, curves.chance)
    )
    indptr = np.cumsum([0, *map(len, score)]).astype(np.int64)
    bought = curves.bought[: len(source)]
    return Curves(indptr, np.concatenate(score), np.concatenate(chance), bought)


def _knots(
    chance: NDArray[np.float64],
    score_sum: NDArray[np.float64],
    shown: NDArray[np.float64],
    starts: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """A knot at the mean score of every bin that holds courses; a curve without any is 0."""
    indptr = [0]
    score: list[float] = []
    value: list[float] = []
    for low, high in pairwise(starts.tolist()):
        filled = np.flatnonzero(shown[low:high] > 0) + low
        score += (score_sum[filled] / shown[filled]).tolist() or [0.0]
        value += chance[filled].tolist() or [0.0]
        indptr.append(len(score))
    return np.array(indptr, np.int64), np.array(score), np.array(value)


@dataclass(frozen=True)
class Calibrated:
    """Curves of the validation cut, and their reliability on the test cut."""

    calibration: Calibration
    reliability: Reliability


def calibrate(
    data: IndexedDataset,
    validation: tuple[Cut, Policy],
    test: tuple[Cut, Policy],
    *,
    seed: int,
) -> Calibrated:
    """Fit on the validation cut, read the test cut once.

    Args:
        data: the indexed dataset.
        validation, test: each cut, and the policy fitted on its training part.
        seed: draws decisions where a cut has many.
    """
    calibration = learn_calibration(data, *validation, seed=seed)
    return Calibrated(calibration, measure(calibration, data, *test, seed=seed))
