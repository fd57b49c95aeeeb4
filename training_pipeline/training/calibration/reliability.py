"""Decisions of a cut in blocks, and how well probabilities hold on them, bin by bin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import IndexedDataset
from saldopas.features.requests.batch import RequestBatch
from saldopas.features.splits.cases import sample_cases
from saldopas.features.splits.split import Cut
from saldopas.models.policy.calibration import LEVELS, Calibration, levels_of, ranked_pairs
from saldopas.models.policy.policy import Policy

EDGES = np.concatenate([[0.0], np.logspace(-5, 0, 26)])
BEST = 20  # courses a decision that a plan is made of, about
CELLS_A_BLOCK = 4_000_000
MOST_DECISIONS = 10_000


@dataclass(frozen=True)
class Reliability:
    """Pairs of B decisions and their allowed courses by foretold probability.

    Attributes:
        foretold, bought, pairs: (26,) sums by bin of `EDGES`.
        brier: mean squared difference over all pairs; base_brier: the same of a constant.
        ece: mean over purchases of |foretold - bought| of their bin, as a share of purchases.
        foretold_best, bought_best: of the `BEST` most probable courses, a decision.
        by_level: (LEVELS, 3) foretold and bought of those by length of history, a decision, and of
            how many participants.
        by_balance: (4, 3) the same by quarter of the balance; empty where there are no limits.
        decisions: B.
    """

    foretold: NDArray[np.float64]
    bought: NDArray[np.float64]
    pairs: NDArray[np.float64]
    brier: float
    base_brier: float
    ece: float
    foretold_best: float
    bought_best: float
    by_level: NDArray[np.float64]
    by_balance: NDArray[np.float64]
    decisions: int

    def metrics(self) -> dict[str, float]:
        """For tracking and `--json`."""
        return {
            "brier": self.brier,
            "brier_skill": 1 - self.brier / self.base_brier if self.base_brier > 0 else 0.0,
            "ece": self.ece,
            f"foretold@{BEST}": self.foretold_best,
            f"bought@{BEST}": self.bought_best,
        }


def measure(
    calibration: Calibration, data: IndexedDataset, cut: Cut, policy: Policy, *, seed: int
) -> Reliability:
    """Probabilities of a fitted policy against the purchases of `cut`, or of a sample of it."""
    cut = judged_decisions(cut, seed=seed)
    requests = cut.requests(data, count=1)
    n = requests.n_rows
    foretold, bought, pairs = (np.zeros(len(EDGES) - 1) for _ in range(3))
    best = np.zeros((n, 2))
    level = np.zeros(n, np.int64)
    squares = 0.0
    size = max(1, CELLS_A_BLOCK // data.courses.n_items)
    for start in range(0, n, size):
        rows = np.arange(start, min(start + size, n))
        asked = requests.take(rows)
        allowed = policy.allowed(asked).allowed
        chances = calibration.probabilities(policy, asked, allowed)
        taken = cut.cases.targets[rows].toarray().astype(np.float64)
        level[rows] = levels_of(asked)
        bins = np.clip(
            np.searchsorted(EDGES, chances[allowed], side="right") - 1, 0, len(EDGES) - 2
        )
        foretold += np.bincount(bins, chances[allowed], minlength=len(EDGES) - 1)
        bought += np.bincount(bins, taken[allowed], minlength=len(EDGES) - 1)
        pairs += np.bincount(bins, minlength=len(EDGES) - 1)
        squares += float(((chances - taken)[allowed] ** 2).sum())
        top = np.argsort(-chances, axis=1, kind="stable")[:, :BEST]
        best[rows, 0] = np.take_along_axis(chances, top, axis=1).sum(axis=1)
        best[rows, 1] = np.take_along_axis(taken, top, axis=1).sum(axis=1)
    total, rate = pairs.sum(), bought.sum() / max(pairs.sum(), 1)
    return Reliability(
        foretold=foretold,
        bought=bought,
        pairs=pairs,
        brier=float(squares / max(total, 1)),
        base_brier=float(rate * (1 - rate)),
        ece=float(np.abs(foretold - bought).sum() / max(bought.sum(), 1)),
        foretold_best=float(best[:, 0].mean()),
        bought_best=float(best[:, 1].mean()),
        by_level=_means(best, level, cut.cases.row, LEVELS),
        by_balance=_by_quarter(best, cut),
        decisions=n,
    )


def _by_quarter(best: NDArray[np.float64], cut: Cut) -> NDArray[np.float64]:
    limited = cut.cases.has_balance
    if not limited.any():
        return np.empty((0, 3))
    limit = cut.cases.balance_rp[limited]
    quarter = np.searchsorted(np.quantile(limit, (0.25, 0.5, 0.75)), limit, side="left")
    return _means(best[limited], quarter, cut.cases.row[limited], 4)


def _means(
    best: NDArray[np.float64],
    group: NDArray[np.integer],
    people: NDArray[np.int64],
    n_groups: int,
) -> NDArray[np.float64]:
    """(n_groups, 3) means of the two columns of `best`, and the number of participants."""
    sizes = np.maximum(np.bincount(group, minlength=n_groups), 1)
    sums = [np.bincount(group, best[:, column], minlength=n_groups) for column in (0, 1)]
    n_people = [len(np.unique(people[group == place])) for place in range(n_groups)]
    return np.stack([*(total / sizes for total in sums), np.array(n_people, float)], axis=1)


def judged_decisions(cut: Cut, *, seed: int) -> Cut:
    """The cut with at most `MOST_DECISIONS`, drawn with `seed`, limited by known balances only.

    The proxy of an unknown balance is what was spent in the period: below it the dearest course is
    the one that was bought.
    """
    cases = sample_cases(cut.cases, MOST_DECISIONS, seed=seed)
    return replace(cut, cases=replace(cases, has_balance=cases.has_balance & ~cases.proxy))


def blocks(
    data: IndexedDataset, cut: Cut, policy: Policy, *, every: int = 1
) -> Iterator[tuple[NDArray[np.int64], RequestBatch, NDArray[np.float32], NDArray[np.int8]]]:
    """Rows of the cut's decisions, their requests, ranking scores and stages (see `ranked_pairs`).

    Args:
        data, cut, policy: what is asked.
        every: one decision in so many.
    """
    requests = cut.requests(data, count=1)
    chosen = np.arange(0, requests.n_rows, every)
    size = max(1, CELLS_A_BLOCK // data.courses.n_items)
    for start in range(0, len(chosen), size):
        rows = chosen[start : start + size]
        asked = requests.take(rows)
        yield rows, asked, *ranked_pairs(policy, asked, policy.allowed(asked).allowed)
