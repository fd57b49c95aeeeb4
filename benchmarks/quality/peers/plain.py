"""Peers without a library: popularity, and EASE written here from its paper."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.sparse import csr_matrix

from benchmarks.quality.lists import UNKNOWN, Scorer
from benchmarks.quality.peers import Config
from benchmarks.quality.task import Task

MOST_ITEMS = 8_000  # a dense inverse of more takes minutes and gigabytes


def popularity(config: Config, task: Task) -> Scorer:
    """How often each item was bought: what `top_lists` fills up with."""
    del config
    return lambda rows: np.full((len(rows), task.width), UNKNOWN)


def ease(config: Config, task: Task) -> Scorer:
    """B = I - P diag(1 / diag P), P = (X'X + l2 I)^-1 (Steck 2019, eq. 8).

    Of a large catalogue only the most bought items take part, the rest is left to popularity.
    """
    l2 = float(config.get("l2", 300.0))
    weights = config.get("weights", "binary")
    kept = most_bought(task, least=int(config.get("min_purchases", 1)))
    X = task.train_matrix(weights)[:, kept]
    G = (X.T @ X).toarray().astype(np.float64)
    G[np.diag_indices_from(G)] += l2
    P = inverse(G)
    W = (P / -np.diag(P)).astype(np.float32)
    np.fill_diagonal(W, 0.0)
    return kept_scorer(task.history(weights), kept, W)


def most_bought(task: Task, *, least: int = 1, most: int = MOST_ITEMS) -> NDArray[np.int64]:
    """Items bought at least `least` times, at most the `most` most bought, in item order."""
    counts = task.counts
    order = np.argsort(-counts, kind="stable")[:most]
    return np.sort(order[counts[order] >= least])


def kept_scorer(history: csr_matrix, kept: NDArray[np.int64], W: NDArray[np.floating]) -> Scorer:
    """History times the (len(kept), len(kept)) weights `W`, unknown elsewhere."""
    narrow = history[:, kept]
    some = np.diff(narrow.indptr) > 0

    def score(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        values = np.full((len(rows), history.shape[1]), UNKNOWN, np.float32)
        values[:, kept] = narrow[rows] @ W
        values[~some[rows]] = UNKNOWN
        return values

    return score


def inverse(G: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of a symmetric positive definite matrix, by Cholesky, in place."""
    factor, failed = lapack.dpotrf(G.T, lower=1, overwrite_a=1)
    if failed:
        raise ValueError("the Gram matrix is not positive definite: raise l2")
    P, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
    lower = np.tril(P)
    return np.asarray(lower + np.tril(lower, -1).T)
