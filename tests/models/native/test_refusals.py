"""What the native core refuses: arrays that do not fit together, and indices outside of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
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

F, I32, I64 = np.float32, np.int32, np.int64
ZEROS = np.zeros(3, I64)
RULES = CourseRules(ZEROS, ZEROS, ZEROS, ZEROS, ZEROS)
NOTHING = np.empty((0, 0, 0), F)
TERMS = np.zeros((7, 1), I64)


def ragged(*rows: list[int]) -> tuple[np.ndarray, np.ndarray]:
    return np.cumsum([0, *map(len, rows)]), np.array([one for row in rows for one in row], I32)


def dense(weights: tuple[int, int], kept: list[int], n_items: int = 3) -> DenseRows:
    return DenseRows(
        np.zeros(weights, F), np.array(kept, I32), n_items=n_items, decay=1.0, token_weight=1.0
    )


def sparse(indptr: list[int], indices: list[int], n_values: int) -> SparseRows:
    rows = (np.array(indptr, I64), np.array(indices, I32), np.zeros(n_values, F))
    return SparseRows(rows, decay=1.0)


def shares(**changes: object) -> GroupShares:
    plain = {
        "group_tokens": ragged([0], [1]),
        "group_counts": (*ragged([0], [2]), np.ones(2, F)),
        "totals": np.ones(2, F),
    }
    return GroupShares(np.ones(3, F), np.ones((2, 3), F), strength=1.0, **(plain | changes))


def model(part: Part) -> LinearModel:
    return LinearModel([part], np.ones((1, 1), F), np.ones((1, 2), np.bool_))


def ranker(part: Part, n_known: int = 3) -> Ranker:
    return Ranker([(model(part), 0, n_known, 0)], RULES, None)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: dense((4, 3), [0, 1]), "weights must be"),
        (lambda: dense((1, 2), [0, 1]), "weights must be"),
        (lambda: dense((2, 2), [0, 0]), "distinct"),
        (lambda: dense((2, 2), [0, 3]), "below n_items"),
        (lambda: dense((2, 2), [0, -1]), "below n_items"),
        (lambda: sparse([0, 1, 3, 2], [0, 1, 2], 3), "row pointer"),
        (lambda: sparse([1, 1, 2, 3], [0, 1, 2], 3), "row pointer"),
        (lambda: sparse([0, 1, 2, 4], [0, 1, 2], 3), "row pointer"),
        (lambda: sparse([], [], 0), "row pointer"),
        (lambda: sparse([0, 1, 2, 3], [0, 1, 3], 3), "outside of 0..2"),
        (lambda: sparse([0, 1, 2, 3], [0, 1, -1], 3), "outside of 0..2"),
        (lambda: sparse([0, 1, 2, 3], [0, 1, 2], 2), "as many values"),
        (lambda: shares(group_tokens=ragged([0], [2])), "outside of 0..1"),
        (lambda: shares(group_tokens=ragged([0])), "row for each group"),
        (lambda: shares(totals=np.ones(3, F)), "row for each group"),
        (lambda: shares(group_counts=(*ragged([0], [3]), np.ones(2, F))), "outside of 0..2"),
        (lambda: LinearModel([], np.ones((1, 1), F), np.ones((1, 2), bool)), "factors must be"),
        (lambda: LinearModel([], np.ones((0, 0), F), np.ones((0, 2), bool)), "factors must be"),
        (lambda: LinearModel([], np.ones((1, 0), F), np.ones((2, 2), bool)), "reads must be"),
        (lambda: CourseRules(ZEROS, ZEROS, ZEROS, ZEROS, ZEROS[:2]), "number for each course"),
        (lambda: BalanceLift(np.array([0.5]), np.ones(1, F)), "one lift more"),
        (lambda: BalanceLift(np.array([0.5, 0.1]), np.ones(3, F)), "ascend"),
        (lambda: BalanceLift(np.array([0.5]), np.zeros(2, F)), "above 0"),
        (lambda: Ranker([(model(FixedScores(np.ones(3, F))), 3, 3, 0)], RULES, None), "source"),
    ],
)
def test_a_constructor_names_what_does_not_fit(make: Callable[[], object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        make()


ONE = ragged([])


@pytest.mark.parametrize(
    ("part", "tables", "terms", "given", "reason"),
    [
        (dense((3, 2), [0, 1]), (ONE, ragged([1]), ONE, ONE), TERMS, NOTHING, "tokens"),
        (shares(), (ONE, ragged([2]), ONE, ONE), TERMS, NOTHING, "tokens"),
        (dense((2, 2), [0, 1]), (ONE, ONE, ragged([3]), ONE), TERMS, NOTHING, "owned"),
        (dense((2, 2), [0, 1]), (ONE, ONE, ONE, ragged([-1])), TERMS, NOTHING, "excluded"),
        (dense((2, 2), [0, 1]), (ragged([], []), ONE, ONE, ONE), TERMS, NOTHING, "history"),
        (dense((2, 2), [0, 1]), (ONE, ONE, ONE, ragged([], [])), TERMS, NOTHING, "each request"),
        (dense((2, 2), [0, 1]), (ONE, ONE, ONE, ONE), TERMS[:6], NOTHING, "terms must be"),
        (dense((2, 2), [0, 1], n_items=4), (ONE, ONE, ONE, ONE), TERMS, NOTHING, "knows more"),
        (GivenScores(0), (ONE, ONE, ONE, ONE), TERMS, NOTHING, "missing"),
        (GivenScores(0), (ONE, ONE, ONE, ONE), TERMS, np.ones((1, 2, 3), F), "row for each"),
        (GivenScores(0), (ONE, ONE, ONE, ONE), TERMS, np.ones((1, 1, 4), F), "more courses"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused(
    part: Part, tables: tuple, terms: np.ndarray, given: np.ndarray, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        ranker(part).rank(*tables, terms=terms, given=given)


def test_arrays_of_another_dtype_are_refused_where_requests_come() -> None:
    with pytest.raises(TypeError):
        ranker(FixedScores(np.ones(3, F))).rank(ONE, ONE, ONE, ONE, TERMS.tolist(), NOTHING)


def test_an_unknown_course_in_a_history_is_no_purchase() -> None:
    part = sparse([0, 1, 2, 3], [0, 1, 2], 3)
    for history in ([7], [-5], [3]):
        scores = model(part).score(ragged(history), ONE, NOTHING, 4)
        np.testing.assert_array_equal(scores, np.zeros((1, 4), F))


def test_read_only_arrays_are_kept_and_not_copied() -> None:
    scores = np.array([1, 2, 3], F)
    kept = model(FixedScores(scores))
    scores[0] = 9  # the model reads these very values
    read = kept.score(ONE, ONE, NOTHING, 3)
    assert read[0].tolist() == [9, 2, 3]
    frozen = scores.copy()
    frozen.flags.writeable = False
    assert model(FixedScores(frozen)).score(ONE, ONE, NOTHING, 3)[0].tolist() == [9, 2, 3]
