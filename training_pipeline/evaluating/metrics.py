"""Metrics of each decision: ranking, novelty, diversity, and what a list does to the balance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.tables import columns as c
from saldopas.models.policy.policy import Recommendations
from saldopas.training_pipeline.evaluating.decisions import CUTOFFS, Decisions
from scipy.sparse import csr_array

ATTRIBUTES = (c.CATEGORY, c.PROVIDER, c.PLATFORM, c.MODE)


def hits_of(lists: Recommendations, targets: csr_array, *, depth: int) -> NDArray[np.bool_]:
    """(B, depth) True where the course at that rank was bought; False past the end of a list."""
    n_rows, n_items = targets.shape
    hits = np.zeros((n_rows, depth), np.bool_)
    lengths = np.diff(lists.indptr)
    rows = np.repeat(np.arange(n_rows), lengths)
    ranks = np.arange(len(rows)) - np.repeat(lists.indptr[:-1], lengths)
    wanted = np.repeat(np.arange(n_rows), np.diff(targets.indptr)) * n_items + targets.indices
    found = np.isin(rows * n_items + lists.item_idx, wanted)
    within = ranks < depth
    hits[rows[within], ranks[within]] = found[within]
    return hits


def case_metrics(
    lists: Recommendations, targets: csr_array, *, cutoffs: tuple[int, ...] = CUTOFFS
) -> pd.DataFrame:
    """One row a decision, a column a metric, all float64 in [0, 1].

    With r_1..r_k the hits and T targets: hit@k = any r; recall@k = sum r / min(k, T);
    ndcg@k = sum r_j / log2(j + 1) over its value for an ideal list (Jarvelin & Kekalainen 2002);
    mrr@k = 1 / rank of the first hit, 0 without one.
    """
    depth = max(cutoffs)
    hits = hits_of(lists, targets, depth=depth)
    n_targets = np.diff(targets.indptr)
    reciprocal = hits / np.arange(1, depth + 1)
    columns: dict[str, NDArray[np.float64]] = {}
    for k in cutoffs:
        possible = np.maximum(np.minimum(k, n_targets), 1)
        columns[f"hit@{k}"] = hits[:, :k].any(axis=1).astype(float)
        columns[f"recall@{k}"] = hits[:, :k].sum(axis=1) / possible
        columns[f"ndcg@{k}"] = ndcg_of(hits[:, :k], n_targets)
        columns[f"mrr@{k}"] = reciprocal[:, :k].max(axis=1)
    return pd.DataFrame(columns)


def ndcg_of(hits: NDArray[np.bool_], n_targets: NDArray[np.integer]) -> NDArray[np.float64]:
    """(B,) NDCG at k of (B, k) hits and (B,) numbers of targets; see `case_metrics`."""
    return np.asarray(ndcg_of_each(hits, n_targets).sum(axis=1))


def ndcg_of_each(hits: NDArray[np.bool_], n_targets: NDArray[np.integer]) -> NDArray[np.float64]:
    """(B, k) what each hit adds to NDCG at k."""
    k = hits.shape[1]
    discount = 1.0 / np.log2(np.arange(k) + 2.0)
    possible = np.maximum(np.minimum(k, n_targets), 1)
    return np.asarray(hits * discount / np.cumsum(discount)[possible - 1][:, None])


def average_precision(
    lists: Recommendations, targets: csr_array, *, cutoffs: tuple[int, ...] = CUTOFFS
) -> pd.DataFrame:
    """One row a decision, `map@k` = sum over hits at rank j <= k of (hits to j) / j, over T.

    T is the number of targets, also where it is above k, as in TREC (Buckley & Voorhees 2000).
    """
    depth = max(cutoffs)
    hits = hits_of(lists, targets, depth=depth)
    summed = np.cumsum(hits * np.cumsum(hits, axis=1) / np.arange(1, depth + 1), axis=1)
    n_targets = np.maximum(np.diff(targets.indptr), 1)
    return pd.DataFrame({f"map@{k}": summed[:, k - 1] / n_targets for k in cutoffs})


def first_places(lists: Recommendations, *, depth: int) -> NDArray[np.int64]:
    """(B, depth) item index by rank, -1 past the end of a list."""
    n_rows = len(lists.indptr) - 1
    lengths = np.diff(lists.indptr)
    places = np.full((n_rows, depth), -1, np.int64)
    rows = np.repeat(np.arange(n_rows), lengths)
    ranks = np.arange(len(rows)) - np.repeat(lists.indptr[:-1], lengths)
    within = ranks < depth
    places[rows[within], ranks[within]] = lists.item_idx[within]
    return places


def coverage(lists: Recommendations, *, n_items: int, depth: int) -> float:
    """Share of the catalogue that stands in the first `depth` places of any list."""
    lengths = np.diff(lists.indptr)
    ranks = np.arange(len(lists.item_idx)) - np.repeat(lists.indptr[:-1], lengths)
    return len(np.unique(lists.item_idx[ranks < depth])) / max(n_items, 1)


def novelty(items: NDArray[np.int64], buyers: NDArray[np.int64], n_people: int) -> pd.DataFrame:
    """`novelty@k`: mean self-information of the first k courses, in bits (Zhou et al. 2010).

    The mean of -log2((b_i + 1) / (N + 1)) over the courses there are, with b_i of N people having
    bought course i before; the ones keep a course that nobody bought finite. NaN for an empty list.

    Args:
        items: (B, depth) item index by rank, -1 past the end.
        buyers: (n_items,) b_i; n_people: N.
    """
    information = np.log2(n_people + 1.0) - np.log2(buyers + 1.0)
    listed = items >= 0
    value = np.where(listed, information[items], 0.0)
    columns = {}
    for k in CUTOFFS:
        count = listed[:, :k].sum(axis=1)
        total = value[:, :k].sum(axis=1)
        columns[f"novelty@{k}"] = np.divide(
            total, count, out=np.full(len(items), np.nan), where=count > 0
        )
    return pd.DataFrame(columns)


def diversity(items: NDArray[np.int64], features: csr_array) -> pd.DataFrame:
    """`diversity@k`, k > 1: mean over pairs of 1 - cosine of features (Ziegler et al. 2005).

    NaN for a list of fewer than two courses. With unit rows f_i the cosines of all pairs sum to
    (|sum f_i|^2 - sum |f_i|^2) / 2, so no pair is looked at.

    Args:
        items: (B, depth) item index by rank, -1 past the end.
        features: (n_items, F) rows of length 1 or 0, see `course_features`.
    """
    squared = features.multiply(features).sum(axis=1)
    columns = {}
    for k in [k for k in CUTOFFS if k > 1]:
        rows, ranks = np.nonzero(items[:, :k] >= 0)
        listed = items[rows, ranks]
        ones = np.ones(len(rows))
        lists = csr_array((ones, (rows, listed)), (len(items), features.shape[0]))
        together = lists @ features
        length = np.asarray(together.multiply(together).sum(axis=1))
        own = np.bincount(rows, weights=squared[listed], minlength=len(items))
        count = np.bincount(rows, minlength=len(items))
        pairs = count * (count - 1)
        same = np.divide(length - own, pairs, out=np.full(len(items), np.nan), where=pairs > 0)
        columns[f"diversity@{k}"] = 1.0 - same
    return pd.DataFrame(columns)


def course_features(frame: pd.DataFrame) -> csr_array | None:
    """(n_items, F) one-hot category, provider, platform and mode, rows scaled to length 1.

    So the cosine of two courses is the share of attributes that agree. A missing value agrees with
    nothing. None where the catalogue has none of these columns.
    """
    rows, tokens, offset = [], [], 0
    for name in ATTRIBUTES:
        if name in frame and frame[name].notna().any():
            codes, values = pd.factorize(frame[name])
            known = np.flatnonzero(codes >= 0)
            rows.append(known)
            tokens.append(codes[known] + offset)
            offset += len(values)
    if not rows:
        return None
    row, token = np.concatenate(rows), np.concatenate(tokens)
    count = np.bincount(row, minlength=len(frame))
    return csr_array((1.0 / np.sqrt(count[row]), (row, token)), (len(frame), offset))


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
