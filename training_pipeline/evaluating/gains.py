"""NDCG by decision and by course, and when one ranking is clearly better than another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from saldopas.features.splits.cases import Cases
from saldopas.models.policy.policy import Recommendations
from saldopas.training_pipeline.evaluating.metrics import first_places, hits_of, ndcg_of_each

CUTOFF = 10  # of the metric that is chosen by: `evaluation.MAIN_METRIC`
ERRORS = 2.0  # standard errors that a clear difference is above zero


@dataclass(frozen=True)
class Gains:
    """NDCG of N decisions.

    Attributes:
        by_decision: (N,) float64 in [0, 1]; person: (N,) int64 who decides.
        by_course: (n_items times windows,) float64: what the hits on each course add to the sum of
            `by_decision`, window after window.
    """

    by_decision: NDArray[np.float64]
    person: NDArray[np.int64]
    by_course: NDArray[np.float64]

    @classmethod
    def joined(cls, parts: Sequence[Gains]) -> Self:
        """The decisions of all windows; a person is the same in each, a course another one."""
        return cls(
            np.concatenate([part.by_decision for part in parts]),
            np.concatenate([part.person for part in parts]),
            np.concatenate([part.by_course for part in parts]),
        )

    @property
    def n_decisions(self) -> int:
        """How many decisions."""
        return len(self.by_decision)

    @property
    def mean(self) -> float | None:
        """None where there are no decisions."""
        return float(self.by_decision.mean()) if self.n_decisions else None

    def above_for_people(self, other: Gains) -> bool:
        """Whether the same decisions gain beyond two standard errors of the paired difference.

        What one person decides is one observation: the error is that of sums over people (Liang
        and Zeger 1986).
        """
        if self.n_decisions == 0:
            return False
        gain = self.by_decision - other.by_decision
        people = np.unique(self.person, return_inverse=True)[1]
        around = np.bincount(people, gain - gain.mean())
        return bool(gain.sum() > ERRORS * float(np.linalg.norm(around)))

    def clearly_above(self, other: Gains) -> bool:
        """Whether the gain is beyond two standard errors of people and of courses.

        Decisions of one period share its courses: what sold more than before did so for everybody.
        A difference is therefore a sum over courses as much as over decisions (clustering both
        ways: Owen 2007, The pigeonhole bootstrap). By courses its error is sqrt(sum of d_i^2), so
        that a gain must rest on more than four courses of equal share: what one or two bestsellers
        decide is not taken for a better model.
        """
        gain = self.by_course - other.by_course
        beyond_courses = gain.sum() > ERRORS * float(np.linalg.norm(gain))
        return bool(beyond_courses) and self.above_for_people(other)


def gains_of_hits(
    hits: NDArray[np.bool_],
    item_idx: NDArray[np.integer],
    n_targets: NDArray[np.integer],
    person: NDArray[np.int64],
    *,
    n_items: int,
) -> Gains:
    """NDCG at k of (B, k) `hits` on the courses `item_idx` (B, k), by rank, of (B,) people."""
    each = ndcg_of_each(hits, n_targets)
    by_course = np.bincount(item_idx[hits], weights=each[hits], minlength=n_items)
    return Gains(each.sum(axis=1), person, by_course.astype(np.float64))


def gains_of_lists(lists: Recommendations, cases: Cases, chosen: NDArray[np.bool_]) -> Gains:
    """NDCG@10 of the decisions with a True among the B of `lists` and `cases`."""
    return gains_of_hits(
        hits_of(lists, cases.targets, depth=CUTOFF)[chosen],
        first_places(lists, depth=CUTOFF)[chosen],
        np.diff(cases.targets.indptr)[chosen],
        cases.row[chosen],
        n_items=cases.targets.shape[1],
    )
