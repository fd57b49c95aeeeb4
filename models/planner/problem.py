"""The problem of a plan: candidates of one request, the balance, and the rules of a set."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from saldopas.models.native._native import PlanSolver
from saldopas.models.planner.days import CourseDays

UNITS_PER_RELEVANCE = 1_000_000_000
MAX_OBJECTIVE = 2**60
MAX_RELEVANCE = 1e6
_set = object.__setattr__


class PlanRefusedError(ValueError):
    """No plan can fulfil the request; `reason` is a code for machines, the text for people."""

    def __init__(self, reason: str, text: str) -> None:
        self.reason = reason
        super().__init__(text)


@dataclass(frozen=True, eq=False)
class PlanProblem:
    """Choose a set of n candidates, in course order; arrays must not be changed afterwards.

    The value of a set is: sum of relevance - leftover_price * (balance - sum of prices).

    Attributes:
        price_rp: (n,) int64, at least 0.
        relevance: (n,) float64, at least 0, the probability that the course is wanted; counted in
            whole units of 1e-9, so that sums are exact and ties are ties.
        balance_rp: rupiah.
        max_courses: of a set.
        leftover_price: relevance a rupiah left over costs; counted in whole units of 1e-9.
        category: (n,) int64; needed with `max_per_category`.
        max_per_category: courses of one category, None for no limit.
        near_duplicates: (m, 2) int64 pairs of candidates of which a set holds at most one.
        must_include: candidates that are in every set.
        days: None where dates do not matter.
        relevance_units: (n,) int64 relevance in 1e-9.
        leftover_units: 1e-9 relevance a rupiah.
    """

    price_rp: NDArray[np.int64]
    relevance: NDArray[np.float64]
    balance_rp: int
    max_courses: int
    leftover_price: float = 0.0
    category: NDArray[np.int64] | None = None
    max_per_category: int | None = None
    near_duplicates: NDArray[np.int64] | None = None
    must_include: tuple[int, ...] = ()
    days: CourseDays | None = None
    relevance_units: NDArray[np.int64] = field(init=False, repr=False)
    leftover_units: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        n = len(self.price_rp)
        price = checked(self.price_rp, "price_rp", np.int64, n)
        relevance = checked(self.relevance, "relevance", np.float64, n)
        largest = relevance.max(initial=0.0)
        valid = price.min(initial=0) >= 0 and relevance.min(initial=0.0) >= 0
        if not (valid and largest < MAX_RELEVANCE):  # NaN compares as False
            raise ValueError("price_rp and relevance must be at least 0, relevance below 1e6")
        if self.balance_rp < 0 or self.max_courses < 0 or not 0 <= self.leftover_price < np.inf:
            raise ValueError("balance_rp, max_courses and leftover_price must be at least 0")
        units = np.rint(relevance * UNITS_PER_RELEVANCE).astype(np.int64)
        _set(self, "price_rp", price)
        _set(self, "relevance", relevance)
        _set(self, "relevance_units", units)
        _set(self, "leftover_units", round(self.leftover_price * UNITS_PER_RELEVANCE))
        self._check_options(n)
        # relevance weighs at most balance + 1, a rupiah at most the largest sum of relevance + 1
        money, most = self.balance_rp + 1, int(units.max(initial=0))
        if money * (1 + self.most_courses * most + self.leftover_units * money) > MAX_OBJECTIVE:
            raise ValueError(
                f"balance_rp={self.balance_rp} with max_courses={self.max_courses} and"
                f" leftover_price={self.leftover_price} is too large for exact whole numbers;"
                " plan in a larger unit of money or with fewer courses"
            )

    def _check_options(self, n: int) -> None:
        if self.max_per_category is not None and self.category is None:
            raise ValueError("max_per_category needs category")
        if self.category is not None and self.category.shape != (n,):
            raise ValueError(f"category must be ({n},), one for each price")
        if self.max_per_category is not None and self.max_per_category < 1:
            raise ValueError("max_per_category must be at least 1, or None")
        pairs = self.near_duplicates
        if pairs is not None and pairs.size:
            if pairs.ndim != 2 or pairs.shape[1] != 2 or not (0 <= pairs.min() <= pairs.max() < n):
                raise ValueError(f"near_duplicates must be (m, 2) positions below {n}")
            if (pairs[:, 0] == pairs[:, 1]).any():
                raise ValueError("near_duplicates: a course is no duplicate of itself")
        if any(not 0 <= item < n for item in self.must_include):
            raise PlanRefusedError(
                "must_include_unknown", "a course that must be in is no candidate"
            )
        if len(set(self.must_include)) != len(self.must_include):
            raise ValueError("must_include names a course twice")
        if self.days is not None:
            for name in ("lead", "duration", "last_sale_day"):
                checked(getattr(self.days, name), f"days.{name}", np.int64, n)

    @property
    def n_items(self) -> int:
        """Number of candidates."""
        return len(self.price_rp)

    @property
    def most_courses(self) -> int:
        """`max_courses`, or the number of candidates where that is smaller."""
        return min(self.max_courses, self.n_items)

    @cached_property
    def solver(self) -> PlanSolver:
        """The native search over this problem; `check_must_include` comes first."""
        categories = days = None
        if self.category is not None and self.max_per_category is not None:
            categories = self.category.astype(np.int64, copy=False), self.max_per_category
        if self.days is not None:
            busy = self.days.busy()
            days = busy, self.days.latest() + busy - self.days.window.first_day
        return PlanSolver(
            self.price_rp,
            self.relevance_units,
            self.balance_rp,
            self.most_courses,
            must_include=np.array(self.must_include, np.int64) if self.must_include else None,
            categories=categories,
            near_duplicates=self._pairs if len(self._pairs) else None,
            days=days,
        )

    @cached_property
    def _pairs(self) -> NDArray[np.int64]:
        """(m, 2) near-duplicates."""
        if self.near_duplicates is None:
            return np.empty((0, 2), np.int64)
        return np.ascontiguousarray(self.near_duplicates, np.int64).reshape(-1, 2)

    def check_must_include(self) -> None:
        """Refuse what cannot be in one plan.

        Raises:
            PlanRefusedError: with the first reason found.
        """
        if not self.must_include:
            return
        total = int(self.price_rp[list(self.must_include)].sum())
        if len(self.must_include) > self.max_courses:
            raise PlanRefusedError(
                "must_include_too_many",
                f"{len(self.must_include)} courses must be in, at most {self.max_courses} may be",
            )
        if total > self.balance_rp:
            raise PlanRefusedError(
                "must_include_over_balance",
                f"the courses that must be in cost {total}, the balance is {self.balance_rp}",
            )
        for place, item in enumerate(self.must_include):
            self._check_one(item, np.array(self.must_include[:place], np.int64))

    def _check_one(self, item: int, before: NDArray[np.int64]) -> None:
        """Whether a course that must be in goes with those before it."""
        duplicates = self._pairs[(self._pairs == item).any(axis=1)]
        if np.isin(duplicates, before).any():
            raise PlanRefusedError(
                "must_include_near_duplicates", "two courses that must be in are near-duplicates"
            )
        if self.category is not None and self.max_per_category is not None:
            same = self.category[before] == self.category[item]
            if same.sum() >= self.max_per_category:
                raise PlanRefusedError(
                    "must_include_category",
                    f"more than {self.max_per_category} courses of one category must be in",
                )
        if not self.solver.fits(item, before):
            raise PlanRefusedError(
                "must_include_not_in_time", "the courses that must be in cannot be taken in time"
            )


def pairs_within(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """(m, 2) all pairs of candidates of the same group.

    Args:
        group: (n,) int64; a negative group has no pairs.
    """
    same = (group[:, None] == group[None, :]) & (group >= 0)[:, None]
    return np.argwhere(np.triu(same, 1)).astype(np.int64)


def checked(array: NDArray[Any], name: str, dtype: type[np.generic], n: int) -> NDArray[Any]:
    """The array in C order; another dtype or shape is an error."""
    if array.dtype != dtype or array.shape != (n,):
        raise ValueError(f"{name} must be ({n},) {dtype.__name__}")
    return np.ascontiguousarray(array)
