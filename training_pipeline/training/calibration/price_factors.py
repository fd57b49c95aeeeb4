"""Factors of price and share of the balance: u and v of `models.policy.calibration`.

Fitted after the curves, on the same decisions: each factor in turn is multiplied by bought over
foretold of its groups, until the margins of both hold (iterative proportional fitting, Deming and
Stephan 1940).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import IndexedDataset
from saldopas.features.splits.split import Cut
from saldopas.models.policy.calibration import Calibration, levels_of
from saldopas.models.policy.policy import Policy
from saldopas.training_pipeline.training.calibration.reliability import blocks

MOST_GROUPS = 16
FEWEST_BOUGHT = 100  # of a group
ROUNDS = 20
PRIOR = 5.0  # purchases, as foretold, that are added to each group


@dataclass(frozen=True)
class Margin:
    """K groups between quantiles of what was bought.

    Attributes:
        edges: (K - 1,) float64, the largest of each group but the last.
        knots: (K,) float64, the mean of what was bought in each.
    """

    edges: NDArray[np.float64]
    knots: NDArray[np.float64]

    @classmethod
    def of(cls, bought: NDArray[np.float64]) -> Margin:
        """Groups of about equally many purchases; one group where there are few."""
        n_groups = min(MOST_GROUPS, len(bought) // FEWEST_BOUGHT)
        if n_groups < 2:
            return cls(np.empty(0), np.zeros(1))
        edges = np.unique(np.quantile(bought, np.arange(1, n_groups) / n_groups, method="lower"))
        edges = edges[edges < bought.max()]
        group = np.searchsorted(edges, bought)
        return cls(edges, np.bincount(group, bought) / np.bincount(group))

    @property
    def n_groups(self) -> int:
        """K."""
        return len(self.knots)

    def group(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """The group of each value."""
        return np.searchsorted(self.edges, values)


@dataclass(frozen=True)
class PriceCounts:
    """B decisions by groups of price and of share; the last share is "no balance".

    Attributes:
        mass: (B, P, S + 1) float32, sum of the curves' values.
        bought: (P, S + 1) float64. n_bought: (B,) float64.
    """

    mass: NDArray[np.float32]
    bought: NDArray[np.float64]
    n_bought: NDArray[np.float64]


def with_price_factors(
    by_score: Calibration, data: IndexedDataset, cut: Cut, policy: Policy
) -> tuple[Calibration, NDArray[np.float64]]:
    """The curves with their factors, and (B,) the mass of each decision."""
    price, share = _margins(data, cut)
    counts = _count(by_score, data, cut, policy, price, share)
    by_price, by_share = _fit(counts)
    complete = Calibration(
        indptr=by_score.indptr,
        score=by_score.score,
        chance=by_score.chance,
        mass=by_score.mass,
        expected=by_score.expected,
        price=price.knots,
        price_factor=by_price,
        share=share.knots,
        share_factor=by_share[:-1],
    )
    return complete, np.einsum("bps,p,s->b", counts.mass, by_price, by_share)


def _margins(data: IndexedDataset, cut: Cut) -> tuple[Margin, Margin]:
    decision, item = cut.cases.targets.nonzero()
    limited = cut.cases.has_balance[decision]
    price = data.courses.price_rp[item]
    share = price[limited] / np.maximum(cut.cases.balance_rp[decision[limited]], 1)
    return Margin.of(np.log1p(price)), Margin.of(share)


def _count(
    by_score: Calibration,
    data: IndexedDataset,
    cut: Cut,
    policy: Policy,
    price: Margin,
    share: Margin,
) -> PriceCounts:
    cases, price_rp = cut.cases, data.courses.price_rp
    shape = (price.n_groups, share.n_groups + 1)
    mass = np.zeros((cases.n_cases, *shape), np.float32)
    bought = np.zeros(shape)
    by_price = price.group(np.log1p(price_rp))
    for rows, asked, scores, place in blocks(data, cut, policy):
        chances = by_score.curves(scores, place, levels_of(asked))
        for at, row in enumerate(rows.tolist()):
            by_share = np.full(len(price_rp), share.n_groups)
            if cases.has_balance[row]:
                by_share = share.group(price_rp / max(int(cases.balance_rp[row]), 1))
            cell = by_price * shape[1] + by_share
            mass[row] = np.bincount(cell, chances[at], minlength=bought.size).reshape(shape)
            start, end = cases.targets.indptr[row : row + 2]
            np.add.at(bought.ravel(), cell[cases.targets.indices[start:end]], 1)
    return PriceCounts(mass, bought, np.diff(cases.targets.indptr).astype(np.float64))


def _fit(counts: PriceCounts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(P,) u and (S + 1,) v, whose last is 1."""
    by_price, by_share = (np.ones(size) for size in counts.bought.shape)
    bought_price, bought_share = counts.bought.sum(axis=1), counts.bought.sum(axis=0)
    for _ in range(ROUNDS):
        of_price = (counts.mass @ by_share) * by_price
        by_price *= _correction(bought_price, of_price, counts.n_bought)
        of_share = np.einsum("bps,p->bs", counts.mass, by_price) * by_share
        by_share[:-1] *= _correction(bought_share, of_share, counts.n_bought)[:-1]
    return by_price, by_share


def _correction(
    bought: NDArray[np.float64], weights: NDArray[np.float64], n_bought: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(K,) bought over foretold, where each decision's purchases are shared out by weight."""
    total = weights.sum(axis=1)
    factor = np.divide(n_bought, total, out=np.zeros_like(total), where=total > 0)
    corrected: NDArray[np.float64] = (bought + PRIOR) / (factor @ weights + PRIOR)
    return corrected
