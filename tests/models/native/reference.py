"""The native ranker again in plain numpy, and random worlds to compare the two in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from saldopas.features.requests.batch import (
    AGE,
    BALANCE,
    COUNT,
    EDUCATION,
    HAS_BALANCE,
    MAX_PRICE,
    MOMENT,
    N_TERMS,
    NO_MAX_PRICE_RP,
)
from saldopas.models.native import (
    BalanceLift,
    CourseRules,
    DenseRows,
    FixedScores,
    GivenScores,
    GroupShares,
    LinearModel,
    Part,
    Ranker,
    SparseRows,
)

N_TOKENS = 3
Rows = list[list[int]]
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class ReferencePart:
    """A native part and its scores of one participant in float64.

    Attributes:
        native: the part.
        score: (n_items,) of history, tokens and the (g, n_items) given scores.
    """

    native: Part
    score: Callable[[list[int], list[int], Scores], Scores]


@dataclass(frozen=True)
class ReferenceModel:
    """A native linear model and its scores; `reads` and `factors` as the native one has them."""

    native: LinearModel
    parts: list[ReferencePart]
    factors: NDArray[np.float32]
    reads: NDArray[np.bool_]

    def level(self, history: list[int]) -> int:
        return min(len(history), len(self.factors) - 1)

    def score(self, history: list[int], tokens: list[int], given: Scores, n_items: int) -> Scores:
        scores = np.zeros(n_items)
        for part, factor in zip(self.parts, self.factors[self.level(history)], strict=True):
            own = part.score(history, tokens, given)
            scores[: len(own)] += float(factor) * own
        return scores


@dataclass(frozen=True)
class World:
    """A catalogue, the stages of a policy, and requests.

    Attributes:
        rules: (5, n_items) price, first and last moment on sale, minimum age and education.
        stages: model and place of its source.
        n_known: courses that the models know, at most n_items.
        edges, lift: of the balance; no lift is None.
        history, tokens, owned, excluded: (B,) rows.
        terms: (N_TERMS, B).
        given: (g, B, n_known).
    """

    rules: NDArray[np.int64]
    stages: list[tuple[ReferenceModel, int]]
    n_known: int
    lift: NDArray[np.float32] | None
    history: Rows
    tokens: Rows
    owned: Rows
    excluded: Rows
    terms: NDArray[np.int64]
    given: NDArray[np.float32]

    @property
    def n_items(self) -> int:
        return self.rules.shape[1]

    @property
    def native_rules(self) -> CourseRules:
        return CourseRules(*self.rules)

    @property
    def native(self) -> Ranker:
        lift = None if self.lift is None else BalanceLift(EDGES, self.lift)
        stages = [(model.native, source, self.n_known, 0) for model, source in self.stages]
        return Ranker(stages, self.native_rules, lift)

    def ranked(self, rows: list[int]) -> list[NDArray]:
        """What the native ranker answers for some of the requests, all in one batch."""
        lists = (self.history, self.tokens, self.owned, self.excluded)
        tables = [ragged([table[row] for row in rows]) for table in lists]
        terms = np.ascontiguousarray(self.terms[:, rows])
        return list(
            self.native.rank(*tables, terms=terms, given=np.ascontiguousarray(self.given[:, rows]))
        )

    def allowed(self, row: int) -> list[int]:
        """The rules, course by course."""
        terms = self.terms[:, row].tolist()
        limit = min(terms[MAX_PRICE], terms[BALANCE] if terms[HAS_BALANCE] else NO_MAX_PRICE_RP)
        return [
            item
            for item, (price, start, end, age, education) in enumerate(self.rules.T.tolist())
            if price <= limit
            and start <= terms[MOMENT] <= end
            and age <= terms[AGE]
            and education <= terms[EDUCATION]
            and item not in self.owned[row]
            and item not in self.excluded[row]
        ]

    def stage_scores(self, model: ReferenceModel, row: int) -> NDArray[np.float32]:
        """(n_items,) native scores of a stage, lifted by the reference."""
        history = [item for item in self.history[row] if item < self.n_known]
        scores = model.native.score(
            ragged([history]),
            ragged([self.tokens[row]]),
            np.ascontiguousarray(self.given[:, [row]]),
            self.n_items,
        )[0]
        return self.lifted(scores, row)

    def lifted(self, scores: NDArray[np.float32], row: int) -> NDArray[np.float32]:
        """Scores at the balance of a request."""
        if self.lift is None or not self.terms[HAS_BALANCE, row]:
            return scores
        band = np.searchsorted(EDGES * self.terms[BALANCE, row], self.rules[0], side="left")
        lift = self.lift[band]
        return np.where(scores > 0, scores * lift, scores / lift)

    def expected(self, row: int) -> list[tuple[int, float, int]]:
        """The list of one request: item, score, source."""
        left, listed, wanted = self.allowed(row), [], max(int(self.terms[COUNT, row]), 0)
        history = [item for item in self.history[row] if item < self.n_known]
        for place, (model, source) in enumerate(self.stages):
            reads = model.reads[model.level(history)]
            asked = source == 2 or (
                (history if source == 0 else self.tokens[row]) != [] and reads[source]
            )
            if not asked:
                continue
            scores = self.stage_scores(model, row)
            is_last = place == len(self.stages) - 1
            usable = [item for item in left if is_last or scores[item] != 0]
            best = sorted(usable, key=lambda item: (-scores[item], item))
            best = best[: wanted - len(listed)]
            listed += [(item, float(scores[item]), source) for item in best]
            left = [item for item in left if item not in best]
        return listed


EDGES = np.array([0.1, 0.5, 0.9])
WEIGHTS = st.sampled_from([-1.0, 0.0, 0.1, 0.25, 0.5, 1.0, 3.0])


def ragged(rows: Rows) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Row pointer and values."""
    indptr = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return indptr, np.array([value for row in rows for value in row], np.int32)


def newest_first(history: list[int]) -> dict[int, int]:
    """Each course with its number of newer purchases, at its newest place."""
    ages: dict[int, int] = {}
    for age, item in enumerate(reversed(history)):
        ages.setdefault(item, age)
    return ages


@st.composite
def arrays(draw: st.DrawFn, *shape: int, values: st.SearchStrategy = WEIGHTS) -> NDArray:
    size = int(np.prod(shape))
    return np.array(draw(st.lists(values, min_size=size, max_size=size)), np.float32).reshape(shape)


@st.composite
def dense_rows(draw: st.DrawFn, n_items: int) -> ReferencePart:
    kept = draw(st.lists(st.integers(0, n_items - 1), unique=True, max_size=n_items))
    weights = draw(arrays(len(kept) + N_TOKENS, len(kept)))
    decay, token_weight = draw(st.sampled_from([1.0, 0.7])), draw(st.sampled_from([0.0, 2.0]))
    native = DenseRows(
        weights,
        np.array(kept, np.int32),
        n_items=n_items,
        decay=decay,
        token_weight=token_weight,
    )

    def score(history: list[int], tokens: list[int], given: Scores) -> Scores:
        inputs = np.zeros(len(weights))
        for item, age in newest_first(history).items():
            if item in kept:
                inputs[kept.index(item)] = decay**age
        for token in tokens:
            inputs[len(kept) + token] = token_weight
        scores = np.zeros(n_items)
        scores[kept] = inputs @ weights.astype(float)
        return scores

    return ReferencePart(native, score)


@st.composite
def sparse_rows(draw: st.DrawFn, n_items: int) -> ReferencePart:
    matrix, decay = draw(arrays(n_items, n_items)), draw(st.sampled_from([1.0, 0.9]))
    rows = [np.flatnonzero(row).tolist() for row in matrix]
    values = matrix[matrix != 0]
    native = SparseRows((*ragged(rows), values), decay=decay)

    def score(history: list[int], tokens: list[int], given: Scores) -> Scores:
        ages = newest_first(history)
        return sum((decay**age * matrix[item] for item, age in ages.items()), np.zeros(n_items))

    return ReferencePart(native, score)


@st.composite
def fixed_scores(draw: st.DrawFn, n_items: int) -> ReferencePart:
    scores = draw(arrays(n_items))
    return ReferencePart(FixedScores(scores), lambda history, tokens, given: scores.astype(float))


@st.composite
def group_shares(draw: st.DrawFn, n_items: int) -> ReferencePart:
    positive = st.sampled_from([0.0, 0.1, 0.5, 2.0])
    share, lift = draw(arrays(n_items, values=positive)), draw(arrays(N_TOKENS, n_items))
    lift = np.abs(lift) + np.float32(0.01)
    groups = draw(st.lists(profiles(), unique_by=frozenset, max_size=4))
    counts = draw(arrays(len(groups), n_items, values=positive))
    totals = counts.sum(axis=1, dtype=np.float32)
    strength = draw(st.sampled_from([1.0, 20.0]))
    native = GroupShares(
        share,
        lift,
        group_tokens=ragged(groups),
        group_counts=(
            *ragged([np.flatnonzero(row).tolist() for row in counts]),
            counts[counts != 0],
        ),
        totals=totals,
        strength=strength,
    )

    def score(history: list[int], tokens: list[int], given: Scores) -> Scores:
        prior = share.astype(float) * np.prod(lift[tokens].astype(float), axis=0)
        if prior.sum() == 0:
            return np.zeros(n_items)
        prior /= prior.sum()
        same = [place for place, group in enumerate(groups) if sorted(group) == sorted(tokens)]
        if not tokens or not same:
            return prior
        return (counts[same[0]] + strength * prior) / (totals[same[0]] + strength)

    return ReferencePart(native, score)


def profiles() -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, N_TOKENS - 1), unique=True, max_size=N_TOKENS)


def given_scores(place: int) -> ReferencePart:
    return ReferencePart(GivenScores(place), lambda history, tokens, given: given[place])


@st.composite
def models(draw: st.DrawFn, n_items: int, n_given: int) -> ReferenceModel:
    kinds = st.one_of(
        dense_rows(n_items), sparse_rows(n_items), fixed_scores(n_items), group_shares(n_items)
    )
    parts = draw(st.lists(kinds, min_size=1, max_size=3))
    parts += [given_scores(place) for place in range(draw(st.integers(0, n_given)))]
    n_levels = draw(st.integers(1, 3))
    factors = draw(arrays(n_levels, len(parts), values=st.sampled_from([0.0, 0.5, 2.0])))
    flags = st.lists(st.booleans(), min_size=2 * n_levels, max_size=2 * n_levels)
    reads = np.array(draw(flags)).reshape(n_levels, 2)
    native = LinearModel([part.native for part in parts], factors, reads)
    return ReferenceModel(native, parts, factors, reads)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    n_known = draw(st.integers(1, 8))
    n_items = n_known + draw(st.sampled_from([0, 0, 2]))
    n_rows, n_given = draw(st.integers(1, 4)), draw(st.integers(0, 2))
    items = st.integers(0, n_items - 1)

    def numbers(*choices: int) -> NDArray[np.int64]:
        one_each = st.lists(st.sampled_from(choices), min_size=n_items, max_size=n_items)
        return np.array(draw(one_each), np.int64)

    def rows(values: st.SearchStrategy[list[int]]) -> Rows:
        return draw(st.lists(values, min_size=n_rows, max_size=n_rows))

    rules = np.stack(
        [
            numbers(0, 1_000, 1_000, 5_000),
            numbers(-(2**63), 0, 2),
            numbers(1, 3, 2**63 - 1),
            numbers(0, 0, 18),
            numbers(0, 0, 2),
        ]
    )
    terms = np.empty((N_TERMS, n_rows), np.int64)
    choices = {
        BALANCE: [0, 999, 1_000, 10_000],
        HAS_BALANCE: [0, 1],
        MAX_PRICE: [0, 1_000, NO_MAX_PRICE_RP],
        AGE: [0, 18],
        EDUCATION: [0, 3],
        MOMENT: [0, 2, 4],
        COUNT: [-1, 0, 2, 5, 100],
    }
    for term, values in choices.items():
        terms[term] = [draw(st.sampled_from(values)) for _ in range(n_rows)]
    model = draw(models(n_known, n_given))
    other = draw(models(n_known, n_given))
    return World(
        rules=rules,
        stages=draw(
            st.sampled_from(
                [
                    [(model, 0), (model, 1), (other, 2)],
                    [(model, 0), (other, 1), (other, 2)],
                    [(model, 1), (other, 0)],
                    [(model, 2)],
                    [],
                ]
            )
        ),
        n_known=n_known,
        lift=draw(st.none() | arrays(4, values=st.sampled_from([0.5, 1.0, 3.0]))),
        history=rows(st.lists(items, max_size=6)),
        tokens=rows(profiles()),
        owned=rows(st.lists(items, max_size=3)),
        excluded=rows(st.lists(items, max_size=2)),
        terms=terms,
        given=draw(arrays(n_given, n_rows, n_known)),
    )
