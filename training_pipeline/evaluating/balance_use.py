"""The programme's own metrics: what following a list would do to the balance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.training_pipeline.evaluating.decisions import Decisions
from saldopas.training_pipeline.evaluating.metrics import CUTOFFS


def balance_metrics(
    decisions: Decisions, items: NDArray[np.int64], hits: NDArray[np.bool_]
) -> pd.DataFrame:
    """One row a decision, NaN where no limit is known or nothing is left to spend.

    A participant with balance b > 0 is taken to buy one of the first k courses, the one at rank j
    with probability w_j proportional to 1 / log2(j + 1), the discount of NDCG, over the n <= k
    courses that are there. With p_j its price and q the price that was really paid
    (`Decisions.paid_rp`):

    - balance_used@k = sum_j w_j p_j / b: expected share of the balance that is used.
    - leftover_rp@k = what stays of b, in rupiah, of somebody who goes down the first k courses and
      buys each that still fits.
    - price_regret@k = sum_j w_j max(p_j - q, 0) / b over the courses that were not bought: expected
      share of the balance by which the list costs more than what the participant chose.
    - nothing_left@k = 1 where after the same no other course may be bought: all that is on sale,
      allowed and not owned costs more than what stays; else 0.

    An empty list uses nothing and leaves b, the worst there is. Its regret and what could be bought
    after it are not defined (NaN), because nothing is chosen: as 0 they would be the best.

    Args:
        decisions: B decisions.
        items: (B, depth) item index by rank, -1 past the end of a list.
        hits: (B, depth) whether the course at that rank was bought.
    """
    balance = decisions.balance_rp
    spendable = balance > 0
    price = np.where(items >= 0, decisions.data.courses.price_rp[items], 0)
    chosen = items[:, 0] >= 0
    columns = {}
    for k in CUTOFFS:
        chance = choice_chances(items[:, :k])
        spent = (chance * price[:, :k]).sum(axis=1)
        over = np.maximum(price[:, :k] - decisions.paid_rp[:, None], 0)
        regret = (chance * over * ~hits[:, :k]).sum(axis=1)
        columns[f"balance_used@{k}"] = _share(spent, balance)
        columns[f"price_regret@{k}"] = _share(np.where(chosen, regret, np.nan), balance)
    left = walked(price, items >= 0, np.nan_to_num(balance).astype(np.int64))
    columns |= {f"leftover_rp@{k}": left[:, k - 1].astype(np.float64) for k in CUTOFFS}
    cheapest = decisions.cheapest_beside(items, CUTOFFS)
    for place, k in enumerate(CUTOFFS):
        stuck = cheapest[:, place] > left[:, k - 1]
        columns[f"nothing_left@{k}"] = np.where(chosen, stuck, np.nan)
    return pd.DataFrame(columns).where(pd.Series(spendable))


def choice_chances(items: NDArray[np.int64]) -> NDArray[np.float64]:
    """(B, k) probability that the course at each rank is bought; 0 past the end of a list."""
    weight = (items >= 0) / np.log2(np.arange(items.shape[1]) + 2.0)
    total = weight.sum(axis=1, keepdims=True)
    return np.asarray(weight / np.where(total > 0, total, 1.0))


def walked(
    price: NDArray[np.int64], listed: NDArray[np.bool_], balance: NDArray[np.int64]
) -> NDArray[np.int64]:
    """(B, k) what is left of (B,) `balance` after the first j courses, each bought if it fits."""
    left = balance.copy()
    after = np.empty(price.shape, np.int64)
    for rank in range(price.shape[1]):
        buys = listed[:, rank] & (price[:, rank] <= left)
        left = left - np.where(buys, price[:, rank], 0)
        after[:, rank] = left
    return after


def _share(amount: NDArray[np.float64], balance: NDArray[np.float64]) -> NDArray[np.float64]:
    return amount / np.where(balance > 0, balance, np.nan)
