"""What is to be planned: candidates of one request, the balance, and the rules of a set."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from saldopas.models.planner.plan_arrays import CourseArrays, SetRules, fits
from saldopas.models.planner.plan_cliques import cliques
from saldopas.models.planner.plan_compiled import compiled
from saldopas.models.planner.plan_schedule import CourseDays

UNITS = 1_000_000_000
LARGEST_SUM = 2**60
MOST_RELEVANCE = 1e6
INT64, FLOAT64 = np.dtype(np.int64), np.dtype(np.float64)
_set = object.__setattr__
NO_PAIRS = np.zeros((0, 0), np.bool_)
NO_SHARED = np.zeros(0, np.int64)


class PlanRefusedError(ValueError):
    """Nothing can be planned as asked; `reason` is a word for machines, the text for people."""

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
        is_plain: price and number are the only rules.
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
    is_plain: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not _as_compiled(self.price_rp, self.relevance):
            n = len(self.price_rp)
            _set(self, "price_rp", checked(self.price_rp, "price_rp", np.int64, n))
            _set(self, "relevance", checked(self.relevance, "relevance", np.float64, n))
        valid, units, most = _counted(self.price_rp, self.relevance)
        if not valid:
            raise ValueError("price_rp and relevance must be at least 0, relevance below 1e6")
        if self.balance_rp < 0 or self.max_courses < 0 or not 0 <= self.leftover_price < np.inf:
            raise ValueError("balance_rp, max_courses and leftover_price must be at least 0")
        _set(self, "relevance_units", units)
        _set(self, "leftover_units", round(self.leftover_price * UNITS))
        _set(self, "is_plain", self._has_no_options())
        if not self.is_plain:
            self._check_options(self.n_items)
        # relevance weighs at most balance + 1, a rupiah at most the largest sum of relevance + 1
        money = self.balance_rp + 1
        if money * (1 + self.most_courses * most + self.leftover_units * money) > LARGEST_SUM:
            raise ValueError(
                f"balance_rp={self.balance_rp} with max_courses={self.max_courses} and"
                f" leftover_price={self.leftover_price} is too large for exact whole numbers;"
                " plan in a larger unit of money or with fewer courses"
            )

    def _has_no_options(self) -> bool:
        return (
            self.max_per_category is None
            and self.category is None
            and self.near_duplicates is None
            and self.days is None
            and not self.must_include
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
        """How many candidates."""
        return len(self.price_rp)

    @property
    def most_courses(self) -> int:
        """`max_courses`, or all candidates where these are fewer."""
        return min(self.max_courses, self.n_items)

    @cached_property
    def forced(self) -> NDArray[np.int64]:
        """(f,) `must_include` as an array."""
        return np.array(self.must_include, np.int64)

    @cached_property
    def usable(self) -> NDArray[np.bool_]:
        """(n,) candidates that are free to choose: not forced, and to be had in time alone."""
        usable = self._in_time_alone.copy()
        usable[self.forced] = False
        return usable

    @cached_property
    def _in_time_alone(self) -> NDArray[np.bool_]:
        if self.days is None:
            return np.ones(self.n_items, np.bool_)
        return self.days.latest() >= self.days.window.first_day

    @cached_property
    def courses(self) -> CourseArrays:
        """The arrays of the search."""
        zeros = np.zeros(self.n_items, np.int64)
        category, clique, busy, due = zeros, zeros - 1, zeros, zeros
        if self.category is not None and self.max_per_category is not None:
            category = np.unique(self.category, return_inverse=True)[1].astype(np.int64)
        if self.rules.conflict.size:
            clique = cliques(self.rules.conflict, category)
        if self.days is not None:
            busy = self.days.busy()
            due = self.days.latest() + busy - self.days.window.first_day
        return CourseArrays(self.price_rp, category, clique, busy, due)

    @cached_property
    def rules(self) -> SetRules:
        """The rules of the search."""
        n = self.n_items
        conflict, timed = NO_PAIRS, False
        if self.near_duplicates is not None and self.near_duplicates.size:
            conflict = np.zeros((n, n), np.bool_)
            one, other = self.near_duplicates.T
            conflict[one, other] = conflict[other, one] = True
        if self.days is not None and self._in_time_alone.any():
            # untimed where even the longest courses before it leave the most urgent one in time
            slack = (self.days.latest() - self.days.window.first_day)[self._in_time_alone].min()
            longest = self.days.busy()[self._in_time_alone].max()
            timed = bool((self.most_courses - 1) * longest > slack)
        limited = self.max_per_category is not None
        room = np.full(n if limited else 1, self.max_per_category or self.most_courses, np.int64)
        return SetRules(
            plain=not (limited or conflict.size or timed),
            capped=bool(limited or conflict.size),
            timed=timed,
            room=room,
            conflict=conflict,
            earlier=np.zeros((0, n), np.bool_),
            shared_most=NO_SHARED,
        )

    def check_must_include(self) -> None:
        """Refuses what cannot be in one plan.

        Raises:
            PlanRefusedError: with the first reason found.
        """
        total = int(self.price_rp[self.forced].sum())
        if len(self.forced) > self.max_courses:
            raise PlanRefusedError(
                "must_include_too_many",
                f"{len(self.forced)} courses must be in, at most {self.max_courses} may be",
            )
        if total > self.balance_rp:
            raise PlanRefusedError(
                "must_include_over_balance",
                f"the courses that must be in cost {total}, the balance is {self.balance_rp}",
            )
        for place, item in enumerate(self.must_include):
            self._check_one(item, place)

    def _check_one(self, item: int, place: int) -> None:
        """Whether `must_include[place]` goes with those before it."""
        before = self.forced[:place]
        if self.rules.conflict.size and self.rules.conflict[item, before].any():
            raise PlanRefusedError(
                "must_include_near_duplicates", "two courses that must be in are near-duplicates"
            )
        same = self.courses.category[before] == self.courses.category[item]
        if self.max_per_category is not None and same.sum() >= self.max_per_category:
            raise PlanRefusedError(
                "must_include_category",
                f"more than {self.max_per_category} courses of one category must be in",
            )
        if not self._in_time_alone[item] or not fits(
            item, self.forced, place, self.courses, self.rules
        ):
            raise PlanRefusedError(
                "must_include_not_in_time", "the courses that must be in cannot be taken in time"
            )


def checked(array: NDArray[Any], name: str, dtype: type[np.generic], n: int) -> NDArray[Any]:
    """The array, or a copy in the layout that compiled code knows: another is compiled anew."""
    if array.dtype != dtype or array.shape != (n,):
        raise ValueError(f"{name} must be ({n},) {dtype.__name__}")
    return array if array.flags.carray else np.array(array, dtype)


def _as_compiled(price_rp: NDArray[np.int64], relevance: NDArray[np.float64]) -> bool:
    """The same in one look: both arrays are as they should be."""
    return (
        price_rp.dtype is INT64
        and relevance.dtype is FLOAT64
        and price_rp.ndim == 1
        and price_rp.shape == relevance.shape
        and price_rp.flags.carray
        and relevance.flags.carray
    )


@compiled
def _counted(
    price: NDArray[np.int64], relevance: NDArray[np.float64]
) -> tuple[bool, NDArray[np.int64], int]:
    """Whether all are valid, relevance in units, and the largest."""
    units = np.empty(len(price), np.int64)
    most = 0
    for i in range(len(price)):
        if not (price[i] >= 0 and 0 <= relevance[i] < MOST_RELEVANCE):
            return False, units, 0
        units[i] = np.int64(np.rint(relevance[i] * UNITS))
        most = max(most, units[i])
    return True, units, most
