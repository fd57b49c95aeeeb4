"""Which courses may be recommended at all: boolean masks that combine with `&`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.courses import CourseTable
from saldopas.features.encoding.pairs import Pairs


@dataclass(frozen=True)
class CandidateMask:
    """(B, n_items) bool: True where a course may be recommended to a participant."""

    allowed: NDArray[np.bool_]

    def __and__(self, other: CandidateMask) -> CandidateMask:
        return CandidateMask(self.allowed & other.allowed)


def affordable(courses: CourseTable, limit_rp: NDArray[np.int64]) -> CandidateMask:
    """Price at most the limit (equality allowed).

    Args:
        courses: the catalogue.
        limit_rp: (B,) int64 whole units, see `RequestBatch.limit_rp`.
    """
    return CandidateMask(courses.price_rp[None, :] <= limit_rp[:, None])


def on_sale(courses: CourseTable, as_of_s: NDArray[np.int64]) -> CandidateMask:
    """On sale at (B,) epoch seconds, both dates inclusive."""
    moment = as_of_s[:, None]
    return CandidateMask(
        (courses.on_sale_from_s[None, :] <= moment) & (moment <= courses.on_sale_until_s[None, :])
    )


def eligible(
    courses: CourseTable, age_at_least: NDArray[np.int64], education_at_least: NDArray[np.int64]
) -> CandidateMask:
    """Minimum age and education reached for sure; an unknown age or education is 0.

    Args:
        courses: the catalogue.
        age_at_least: (B,) years surely reached.
        education_at_least: (B,) level surely reached, see `encoding.courses.education_level`.
    """
    return CandidateMask(
        (courses.min_age[None, :] <= age_at_least[:, None])
        & (courses.min_education[None, :] <= education_at_least[:, None])
    )


def outside(pairs: Pairs) -> CandidateMask:
    """Everything but (B, n_items) pairs: owned or excluded courses."""
    return CandidateMask(~pairs.toarray())
