"""What a list is like apart from hits: how unexpected, and how varied its courses are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.tables import columns as c
from saldopas.training_pipeline.evaluating.metrics import CUTOFFS
from scipy.sparse import csr_array

ATTRIBUTES = (c.CATEGORY, c.PROVIDER, c.PLATFORM, c.MODE)


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
