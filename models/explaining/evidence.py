"""Counts of people that reasons may cite; counts that could identify a person are left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.batch import ParticipantBatch, TrainingSet
from saldopas.features.encoding.pairs import (
    MIN_GROUP_PEOPLE,
    distinct_profiles,
    membership,
    profile_keys,
)
from saldopas.models.recommenders.recommender import csr_from_state, csr_state
from scipy.sparse import csr_array, triu, vstack

MIN_TAKERS = 5  # fewer people could be identified
MAX_PAIRS = 2_000_000_000  # pairs of courses of one person; more are not counted
MAX_PAIRS_PER_BLOCK = 50_000_000  # limits the memory


class Count(NamedTuple):
    """Of `people` people, `took` took the course."""

    took: int
    people: int


@dataclass(frozen=True)
class Evidence:
    """Counts of distinct people in the training set; a count that may not be cited is 0.

    Attributes:
        n_people: (1,) int32 all people.
        item_people: (n_items,) int32 people who took each course.
        sold: (n_items,) whether at least one person took the course.
        token_people: (n_tokens,) int32 people with each token.
        token_took: (n_tokens, n_items) int32 of them, those who took each course.
        group_tokens: (n_groups, n_tokens) profiles of at least `MIN_GROUP_PEOPLE` people.
        group_people: (n_groups,) int32 people of each profile.
        group_took: (n_groups, n_items) int32 of them, those who took each course.
        together: (n_items, n_items) int32, upper triangle, people who took both courses, where the
            count may be cited of the takers of one of the two. Empty above `MAX_PAIRS` pairs.
    """

    n_people: NDArray[np.int32]
    item_people: NDArray[np.int32]
    sold: NDArray[np.bool_]
    token_people: NDArray[np.int32]
    token_took: csr_array
    group_tokens: csr_array
    group_people: NDArray[np.int32]
    group_took: csr_array
    together: csr_array

    @classmethod
    def count(cls, train: TrainingSet) -> Evidence:
        """Count each person of a training set once."""
        people = train.participants
        taken = people.sequence.matrix().astype(np.float32)
        token_people = _whole(people.profile.sum(axis=0))
        token_people[token_people < MIN_GROUP_PEOPLE] = 0
        groups, group_of = distinct_profiles(people.profile)
        size = np.bincount(group_of, minlength=groups.shape[0])
        large = np.flatnonzero((size >= MIN_GROUP_PEOPLE) & (np.diff(groups.indptr) > 0))
        by_group = csr_array(csr_array(membership(group_of))[large] @ taken)
        takers = _whole(taken.sum(axis=0))
        item_people = np.where(_may_be_cited(takers, people.n_rows), takers, 0).astype(np.int32)
        return cls(
            n_people=np.array([people.n_rows], np.int32),
            item_people=item_people,
            sold=takers > 0,
            token_people=token_people,
            token_took=_citable(csr_array(people.profile.T @ taken), token_people),
            group_tokens=groups[large],
            group_people=size[large].astype(np.int32),
            group_took=_citable(by_group, size[large]),
            together=_together(taken, item_people),
        )

    def of_everybody(self, item: int) -> Count | None:
        """All people, and those who took `item`."""
        return _citable_count(int(self.item_people[item]), int(self.n_people[0]))

    def of_profile(self, one: ParticipantBatch, item: int) -> Count | None:
        """People of exactly the profile of a batch of one, and those who took `item`."""
        group = self._group_of.get(profile_keys(one.profile)[0])
        if group is None:
            return None
        return _citable_count(int(self.group_took[group, item]), int(self.group_people[group]))

    def of_token(self, token: int, item: int) -> Count | None:
        """People with a token, and those who took `item`."""
        return _citable_count(int(self.token_took[token, item]), int(self.token_people[token]))

    def of_course(self, earlier: int, item: int) -> Count | None:
        """People who took an earlier course, and those of them who took `item`."""
        low, high = min(earlier, item), max(earlier, item)
        return _citable_count(int(self.together[low, high]), int(self.item_people[earlier]))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays by field name; see `csr_state` for the matrices."""
        found: dict[str, NDArray[Any]] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, csr_array):
                found |= csr_state(f"{field.name}-", value.astype(np.int32))
            else:
                found[field.name] = value
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Evidence:
        """Restore the counts of `arrays`."""
        n_items, n_tokens = len(arrays["item_people"]), len(arrays["token_people"])
        n_groups = len(arrays["group_people"])

        def matrix(name: str, shape: tuple[int, int]) -> csr_array:
            return csr_from_state(arrays, f"{name}-", shape=shape)

        return cls(
            n_people=arrays["n_people"],
            item_people=arrays["item_people"],
            sold=arrays["sold"],
            token_people=arrays["token_people"],
            token_took=matrix("token_took", (n_tokens, n_items)),
            group_tokens=matrix("group_tokens", (n_groups, n_tokens)),
            group_people=arrays["group_people"],
            group_took=matrix("group_took", (n_groups, n_items)),
            together=matrix("together", (n_items, n_items)),
        )

    @cached_property
    def _group_of(self) -> dict[bytes, int]:
        return {key: group for group, key in enumerate(profile_keys(self.group_tokens))}


def _may_be_cited(took: Any, people: Any) -> Any:
    """Whether `took` of `people` may be cited: neither few nor all but few of a large group."""
    enough = (took >= MIN_TAKERS) & (people - took >= MIN_TAKERS)
    return enough & (people >= MIN_GROUP_PEOPLE)


def _whole(values: NDArray[Any]) -> NDArray[np.int32]:
    whole: NDArray[np.int32] = np.rint(np.asarray(values)).astype(np.int32)
    return whole


def _together(taken: csr_array, item_people: NDArray[np.int32]) -> csr_array:
    """Count the people who took both of two courses, by blocks of rows.

    Args:
        taken: (n_people, n_items) ones.
        item_people: (n_items,) citable counts of the takers of each course.

    Returns:
        (n_items, n_items) int32, upper triangle, citable counts only.
    """
    length = np.diff(taken.indptr).astype(np.float64)
    by_item = csr_array(taken.T)
    pairs = np.cumsum(by_item @ length)  # up to and with each item
    if len(pairs) == 0 or pairs[-1] > MAX_PAIRS:
        return csr_array(taken.shape[1:] * 2, dtype=np.int32)
    steps = np.arange(1, pairs[-1] // MAX_PAIRS_PER_BLOCK + 1) * MAX_PAIRS_PER_BLOCK
    edges = np.unique(np.concatenate([[0], np.searchsorted(pairs, steps), [len(pairs)]]))
    blocks = [
        _citable(
            csr_array(triu(by_item[start:end] @ taken, k=start + 1, format="csr")),
            item_people[start:end],
            item_people,
        )
        for start, end in pairwise(edges.tolist())
    ]
    return csr_array(vstack(blocks, format="csr"))


def _citable(
    counts: csr_array, of_row: NDArray[np.integer], of_column: NDArray[np.integer] | None = None
) -> csr_array:
    """Keep the counts that may be cited of the people of their row or of their column."""
    kept = csr_array(counts)
    kept.data = _whole(kept.data)
    citable = _may_be_cited(kept.data, np.repeat(of_row, np.diff(kept.indptr)))
    if of_column is not None:
        citable |= _may_be_cited(kept.data, of_column[kept.indices])
    kept.data[~citable] = 0
    kept.eliminate_zeros()
    kept.sort_indices()
    return kept


def _citable_count(took: int, people: int) -> Count | None:
    return Count(took, people) if _may_be_cited(took, people) else None
