"""Lists and targets written out by hand."""

from __future__ import annotations

import numpy as np
from saldopas.models.policy.policy import Recommendations
from scipy.sparse import csr_array


def make_lists(rows: list[list[int]]) -> Recommendations:
    items = np.array([item for row in rows for item in row], np.int64)
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return Recommendations(
        indptr, items, np.zeros(len(items), np.float32), np.zeros(len(items), np.int8)
    )


def make_targets(rows: list[list[int]], n_items: int) -> csr_array:
    dense = np.zeros((len(rows), n_items), bool)
    for row, items in enumerate(rows):
        dense[row, items] = True
    return csr_array(dense)
