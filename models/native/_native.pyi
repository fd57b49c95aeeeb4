"""Types of the extension module; every class is immutable and keeps the arrays that it is given.

A constructor copies an array only where its dtype or layout differs, so that memory-mapped arrays
stay shared. Requests are given as arrays of exactly these dtypes, C order. Every class checks that
sizes fit together and that indices lie within the arrays, and raises ValueError where they do not.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ragged = tuple[NDArray[np.int64], NDArray[np.int32]]
"""Row pointer (n + 1,) from 0, and values: row r is `values[indptr[r]:indptr[r + 1]]`."""
Csr = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]
"""A `Ragged` of column indices, and a value for each of them."""

class Part:
    """What adds scores of one participant; see `LinearModel`."""

class DenseRows(Part):
    """Weighted rows of the courses bought and of the profile's tokens.

    A course bought twice counts at its newest place. A purchase weighs decay^(number of
    newer purchases), a token `token_weight`.
    """

    def __init__(
        self,
        weights: NDArray[np.float32],
        kept: NDArray[np.int32],
        *,
        n_items: int,
        decay: float,
        token_weight: float,
    ) -> None:
        """
        Args:
            weights: (m + n_tokens, m) a row a kept item, then a row a token.
            kept: (m,) distinct item indices; other items score 0 and add nothing.
            n_items: size of the catalogue.
            decay, token_weight: see the class.
        """

class SparseRows(Part):
    """Weighted rows of the courses bought; weights as in `DenseRows`."""

    def __init__(self, rows: Csr, *, decay: float) -> None:
        """
        Args:
            rows: (n_items, n_items) matrix.
            decay: weight of a purchase beside the next newer one.
        """

class FixedScores(Part):
    """The same (n_items,) float32 scores for every participant."""

    def __init__(self, scores: NDArray[np.float32]) -> None: ...

class GroupShares(Part):
    """Shares among people of a profile; see `ProfilePopularity` for the formula."""

    def __init__(
        self,
        share: NDArray[np.float32],
        lift: NDArray[np.float32],
        *,
        group_tokens: Ragged,
        group_counts: Csr,
        totals: NDArray[np.float32],
        strength: float,
    ) -> None:
        """
        Args:
            share: (n_items,) shares among everybody.
            lift: (n_tokens, n_items) factor of each token, within 1e-9 and 1e9.
            group_tokens: (n_groups, n_tokens) distinct profiles.
            group_counts: (n_groups, n_items) purchases; totals: (n_groups,) their sums.
            strength: purchases that the prior weighs.
        """

class GivenScores(Part):
    """Scores that another model computed: the `place`-th of those given with the batch."""

    def __init__(self, place: int) -> None: ...

class LinearModel:
    """A weighted sum of parts; the weights depend on the number of purchases."""

    def __init__(
        self, parts: Sequence[Part], factors: NDArray[np.float32], reads: NDArray[np.bool_]
    ) -> None:
        """
        Args:
            parts: (p,) parts.
            factors: (l, p) weights for 0, 1, ... purchases, the last row for l - 1 and more.
            reads: (l, 2) whether a part with a weight reads history and profile.
        """

    def score(
        self, history: Ragged, tokens: Ragged, given: NDArray[np.float32], n_items: int
    ) -> NDArray[np.float32]:
        """Score every course for B participants.

        Args:
            history: (B,) item indices, oldest first; tokens: (B,) profile tokens.
            given: (g, B, n_known) scores of the models that `GivenScores` stands for.
            n_items: size of the catalogue; a course that no part knows scores 0.

        Returns:
            (B, n_items) float32.
        """

class CourseRules:
    """Price, dates on sale, minimum age and education; see `features.encoding.masks`."""

    def __init__(
        self,
        price_rp: NDArray[np.int64],
        on_sale_from_s: NDArray[np.int64],
        on_sale_until_s: NDArray[np.int64],
        min_age: NDArray[np.int64],
        min_education: NDArray[np.int64],
    ) -> None:
        """Each array is (n_items,), as `CourseTable` has it."""

    def allowed(
        self, owned: Ragged, excluded: Ragged, terms: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Find the courses that each of B requests may be answered with.

        Args:
            owned, excluded: (B,) item indices.
            terms: (N_TERMS, B), see `RequestBatch.terms`.

        Returns:
            (B, n_items) bool.
        """

class BalanceLift:
    """Factors of the bands of price / balance; see `BalanceFit`."""

    def __init__(self, edges: NDArray[np.float64], lift: NDArray[np.float32]) -> None:
        """
        Args:
            edges: (n - 1,) ascending shares of the balance.
            lift: (n,) factors, above 0.
        """

    def lifted(
        self,
        scores: NDArray[np.float32],
        price_rp: NDArray[np.int64],
        balance_rp: NDArray[np.int64],
        has_balance: NDArray[np.bool_],
    ) -> NDArray[np.float32]:
        """Return (B, n) `scores` at the (B,) balances; rows without a balance stay."""

class Ranker:
    """The exact top-n of a policy."""

    def __init__(
        self,
        stages: Sequence[tuple[LinearModel, int, int, int]],
        rules: CourseRules,
        lift: BalanceLift | None,
    ) -> None:
        """
        Args:
            stages: model, place of its source in `SOURCES`, number of courses that it knows, and
                place of its first score in `given`.
            rules: what may be listed.
            lift: of scores at a balance.
        """

    def rank(
        self,
        history: Ragged,
        tokens: Ragged,
        owned: Ragged,
        excluded: Ragged,
        terms: NDArray[np.int64],
        given: NDArray[np.float32],
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32], NDArray[np.int8]]:
        """Rank the allowed courses of each of B requests, without the GIL.

        Args:
            history: (B,) item indices, oldest first; tokens: (B,) profile tokens.
            owned, excluded: (B,) item indices that are not listed.
            terms: (N_TERMS, B), see `RequestBatch.terms`.
            given: (g, B, n_known) scores of the models that compute their own.

        Returns:
            The fields of `Recommendations`: indptr, item_idx, scores, source.
        """

class PlanSolver:
    """The exact search for the best set of courses; see `models.planner.problem.PlanProblem`.

    Values are whole numbers: relevance_weight * units + price_weight * rupiah, whose sums must
    stay below 2**61. A set keeps to the balance, the number, and every rule that is given.
    """

    def __init__(
        self,
        price_rp: NDArray[np.int64],
        relevance_units: NDArray[np.int64],
        balance_rp: int,
        max_courses: int,
        *,
        must_include: NDArray[np.int64] | None = None,
        categories: tuple[NDArray[np.int64], int] | None = None,
        near_duplicates: NDArray[np.int64] | None = None,
        days: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
    ) -> None:
        """
        Args:
            price_rp, relevance_units: (n,) at least 0, in course order.
            balance_rp, max_courses: of a set.
            must_include: (f,) candidates that are in every set.
            categories: (n,) category of each candidate, and how many courses of one are allowed.
            near_duplicates: (m, 2) pairs of candidates of which a set holds at most one.
            days: (n,) days from a purchase to the next possible one, and (n,) days from the first
                possible purchase by which these must have ended.
        """

    def fits(self, item: int, chosen: NDArray[np.int64]) -> bool:
        """Whether `item` may join an allowed set; the price aside."""

    def solve(
        self,
        relevance_weight: int,
        price_weight: int,
        step_limit: int,
        apart: tuple[NDArray[np.bool_], NDArray[np.int64]] | None = None,
        without: int = 0,
    ) -> tuple[NDArray[np.int64], int, int, int, int]:
        """Find the most valuable allowed set, without the GIL.

        Args:
            relevance_weight, price_weight: of the value.
            step_limit: children of the search that are looked at.
            apart: (q, n) courses of earlier plans, and (q,) how many of each may come again.
            without: sum of layers that are switched off to measure them; see `benchmarks.planner`.

        Returns:
            Items in the order in which they are bought, their relevance units, their price, what a
            better set could be worth more at most (0: proven), and the steps taken.
        """

    def look_ahead(
        self, relevance_weight: int, price_weight: int, step_limit: int
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Find the best set that begins with each candidate, without the GIL.

        Returns:
            (4, n) balance after the candidate, relevance units of the set, what the set leaves,
            its most relevant other course or -1; (3, n) whether there is such a set, whether
            nothing else may follow though money is left, whether the set is proven.
        """
