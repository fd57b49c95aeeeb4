"""Sparse matrices over mapped arrays, which processes then share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


def mapped_csr(
    data: NDArray[Any],
    indices: NDArray[np.int32],
    indptr: NDArray[np.int64],
    *,
    shape: tuple[int, int],
) -> csr_array:
    """The matrix over these very arrays but for `indptr`.

    (scipy wants both index arrays of one type, and would copy `indices` to int64.)
    """
    ends = indptr.astype(np.int32) if len(indices) <= np.iinfo(np.int32).max else indptr
    return csr_array((data, indices, ends), shape=shape)
