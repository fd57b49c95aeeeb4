"""Near-duplicates as disjoint cliques: what the relaxation may know of a conflict graph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pairs_within(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """(m, 2) all pairs of candidates of the same group; a negative group is nobody's duplicate.

    Args:
        group: (n,) int64.
    """
    same = (group[:, None] == group[None, :]) & (group >= 0)[:, None]
    return np.argwhere(np.triu(same, 1)).astype(np.int64)


def cliques(conflict: NDArray[np.bool_], category: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) clique of each candidate, -1 for none: disjoint, within a category, found greedily.

    In candidate order each joins the first clique of its category with all of whose members it
    conflicts. A set holds at most one of a clique; as cliques lie within categories, both limits
    are nested, which keeps the relaxation of `plan_bounds` exact.

    Args:
        conflict: (n, n) bool, symmetric.
        category: (n,) int64.
    """
    clique = np.full(len(category), -1, np.int64)
    members: list[list[int]] = []
    for item in np.flatnonzero(conflict.any(axis=1)).tolist():
        for number, others in enumerate(members):
            if category[others[0]] == category[item] and conflict[item, others].all():
                others.append(item)
                clique[item] = number
                break
        else:
            clique[item] = len(members)
            members.append([item])
    return clique
