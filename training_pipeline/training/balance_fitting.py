"""Whether prices near the balance, or far below it, are bought more than the scores foretell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import IndexedDataset
from saldopas.features.requests.batch import RequestBatch
from saldopas.features.splits.split import Cut
from saldopas.models.policy.balance_fit import N_BANDS, BalanceFit, bands
from saldopas.models.policy.policy import Policy
from saldopas.training_pipeline.evaluating.evaluation import CUTOFF, Gains, gains_of_lists

ROUNDS = 20
PRIOR = 20.0  # purchases at the foretold rate that are added to each band
CELLS_A_BLOCK = 4_000_000


@dataclass(frozen=True)
class Bands:
    """Expected and actual purchases by band.

    Attributes:
        foretold: (N, N_BANDS) share of the positive scores of the allowed courses of each decision.
        bought: (N, N_BANDS) purchases of each decision.
    """

    foretold: NDArray[np.float64]
    bought: NDArray[np.float64]

    def take(self, chosen: NDArray[np.bool_]) -> Bands:
        """The decisions with a True."""
        return Bands(self.foretold[chosen], self.bought[chosen])


def learn_balance_fit(
    data: IndexedDataset, windows: Sequence[Cut], policies: Sequence[Policy]
) -> BalanceFit | None:
    """The lifts, or None where they do not clearly help.

    They are learned on half of the decisions and judged on the other half: NDCG with them must be
    clearly higher (`Gains.clearly_above`). What is returned is learned on all.

    Args:
        data: the indexed dataset.
        windows: validation cuts; policies: one a window, fitted on its training part.
    """
    found = []
    for window, policy in zip(windows, policies, strict=True):
        if not window.cases.has_balance.any() or not data.courses.price_rp.any():
            return None
        found.append(measure_bands(data, window, policy))
    halves = [window.cases.row % 2 == 0 for window in windows]
    half = lifts([one.take(first) for one, first in zip(found, halves, strict=True)])
    judged = [
        replace(window, cases=window.cases.take(np.flatnonzero(~first)))
        for window, first in zip(windows, halves, strict=True)
    ]
    with_it = [replace(policy, balance_fit=half) for policy in policies]
    better = _gains(data, judged, with_it).clearly_above(_gains(data, judged, policies))
    return lifts(found) if better else None


def _gains(data: IndexedDataset, windows: Sequence[Cut], policies: Sequence[Policy]) -> Gains:
    found = []
    for window, policy in zip(windows, policies, strict=True):
        lists = policy.recommend(window.requests(data, count=CUTOFF))
        everybody = np.ones(window.cases.n_cases, np.bool_)
        found.append(gains_of_lists(lists, window.cases, everybody))
    return Gains.joined(found)


def measure_bands(data: IndexedDataset, window: Cut, policy: Policy) -> Bands:
    """See `Bands`; scores of the first stage that answers for a participant."""
    requests = window.requests(data, count=1)
    price = data.courses.price_rp
    foretold = np.zeros((requests.n_rows, N_BANDS))
    bought = np.zeros((requests.n_rows, N_BANDS))
    size = max(1, CELLS_A_BLOCK // data.courses.n_items)
    for start in range(0, requests.n_rows, size):
        rows = np.arange(start, min(start + size, requests.n_rows))
        block = requests.take(rows)
        scores = np.where(policy.allowed(block).allowed, first_scores(policy, block), 0)
        mass = np.maximum(scores, 0, dtype=np.float64)
        mass /= np.maximum(mass.sum(axis=1, keepdims=True), 1e-12)
        targets = window.cases.targets[rows]
        for place, row in enumerate(rows):
            if not block.has_balance[place]:
                continue
            band = bands(price, int(block.balance_rp[place]))
            foretold[row] = np.bincount(band, weights=mass[place], minlength=N_BANDS)
            own = targets.indices[targets.indptr[place] : targets.indptr[place + 1]]
            bought[row] = np.bincount(band[own], minlength=N_BANDS)
    return Bands(foretold, bought)


def first_scores(policy: Policy, requests: RequestBatch) -> NDArray[np.float32]:
    """(B, n_items) of the first stage that answers for each participant."""
    scores = np.empty((requests.n_rows, policy.courses.n_items), np.float32)
    first = policy.stage_of(requests.participants)
    for place in np.unique(first):
        rows = np.flatnonzero(first == place)
        scores[rows] = policy.scores(policy.stages[place], requests.take(rows))
    return scores


def lifts(found: Sequence[Bands]) -> BalanceFit:
    """Maximum likelihood of P(band | decision) in proportion to foretold * lift, by scaling.

    Each round sets lift = (bought + s) / (expected / lift + s) with s = `PRIOR`, which pulls
    rare bands to 1 (iterative proportional fitting, Deming & Stephan 1940).
    """
    foretold = np.concatenate([one.foretold for one in found])
    bought = np.concatenate([one.bought for one in found])
    purchases, total = bought.sum(axis=1), bought.sum(axis=0)
    lift = np.ones(N_BANDS)
    for _ in range(ROUNDS):
        chances = foretold @ lift
        expected = (purchases / np.maximum(chances, 1e-12)) @ foretold
        lift = (total + PRIOR) / (expected + PRIOR)
    return BalanceFit(lift=tuple(round(float(np.clip(value, 0.01, 100.0)), 4) for value in lift))
