"""Distinct profiles: hundreds of thousands of people have few of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

MIN_GROUP_PEOPLE = 20  # counts of a smaller group could identify a person


def profile_keys(profile: csr_array) -> list[bytes]:
    """One key a row of a (B, n_tokens) matrix: its sorted token indices, as bytes."""
    ordered = profile.sorted_indices()
    indices = ordered.indices.astype(np.int32)
    ends = ordered.indptr
    return [indices[ends[r] : ends[r + 1]].tobytes() for r in range(profile.shape[0])]


def distinct_profiles(profile: csr_array) -> tuple[csr_array, NDArray[np.int64]]:
    """Distinct profiles (n_groups, n_tokens), as they appear, and (P,) group of each row."""
    seen: dict[bytes, int] = {}
    keys = profile_keys(profile)
    group_of = np.array([seen.setdefault(key, len(seen)) for key in keys], np.int64)
    _, first = np.unique(group_of, return_index=True)
    return profile[first].sorted_indices(), group_of


def membership(group_of: NDArray[np.int64]) -> csr_array:
    """(n_groups, P) float64 ones, to sum rows of people by group."""
    n_groups = int(group_of.max(initial=-1)) + 1
    people = np.arange(len(group_of))
    shape = (n_groups, len(group_of))
    return csr_array((np.ones(len(group_of)), (group_of, people)), shape=shape)
