"""Ranking metrics of each decision, from ragged recommendation lists and target sets."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.models.policy.policy import Recommendations
from scipy.sparse import csr_array

CUTOFFS = (1, 5, 10, 20)


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
    """Share of the catalogue that stands in somebody's first `depth` places."""
    lengths = np.diff(lists.indptr)
    ranks = np.arange(len(lists.item_idx)) - np.repeat(lists.indptr[:-1], lengths)
    return len(np.unique(lists.item_idx[ranks < depth])) / max(n_items, 1)
