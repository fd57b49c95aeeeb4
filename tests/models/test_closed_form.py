"""The solves against plain linear algebra, and numbers worked out by hand."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from saldopas.features.encoding.batch import TrainingSet
from saldopas.features.encoding.profile import ProfileVocabulary, TokenColumn
from saldopas.features.encoding.sequences import Sequences
from saldopas.features.errors import FitError
from saldopas.models.recommenders.closed_form import (
    SQUARE_MATRICES,
    ItemWeights,
    inputs_to_keep,
    ridge_inverse,
    self_excluding_weights,
    without_own_weight,
)
from saldopas.models.recommenders.ease import Ease, EaseConfig
from saldopas.models.recommenders.sequence_ridge import (
    SequenceRidge,
    SequenceRidgeConfig,
    cuts,
    first_purchases,
)

from tests.made import make_batch, make_courses, make_training

MEMORY_MB = 214  # seven float64 matrices of side 2,000 are 213.6


def random_gram(side: int) -> np.ndarray:
    rows = np.random.default_rng(3).normal(size=(side + 5, side))
    return rows.T @ rows


def test_where_nothing_is_bought_often_whatever_was_bought_is_kept() -> None:
    train = make_training([[0], [2]], make_courses([1, 1, 1]))
    assert inputs_to_keep(train, min_purchases=5, memory_mb=1).items.tolist() == [0, 2]


@pytest.mark.parametrize("model", [Ease, SequenceRidge])
def test_a_training_without_a_purchase_knows_nothing(model: type[Ease | SequenceRidge]) -> None:
    train = make_training([[], []], make_courses([1, 1]))
    fitted = model.fit(model.config_type(), train, seed=0)
    assert fitted.score(make_batch([[0], []], n_items=2)).tolist() == [[0.0, 0.0]] * 2


@pytest.mark.parametrize("side", [0, 1, 7, 1_030])
def test_inverse_is_the_inverse(side: int) -> None:
    gram = random_gram(side)
    inverse = ridge_inverse(gram.copy(), np.full(side, 2.0))
    np.testing.assert_allclose(inverse, np.linalg.inv(gram + 2 * np.eye(side)), atol=1e-8)


def test_a_gram_matrix_without_a_penalty_is_refused() -> None:
    with pytest.raises(FitError, match="raise l2"):
        ridge_inverse(np.zeros((3, 3)), np.zeros(3))


def test_own_weights_are_zero_and_the_rest_is_the_constrained_optimum() -> None:
    gram, target = random_gram(6), random_gram(6)
    inverse = np.linalg.inv(gram + np.eye(6))
    solved = without_own_weight(inverse, inverse @ target)
    assert np.diag(solved).tolist() == [0.0] * 6
    # the gradient of the loss is a multiple of one unit vector in each column (KKT)
    gradient = (gram + np.eye(6)) @ solved - target
    np.testing.assert_allclose(gradient - np.diag(np.diag(gradient)), 0, atol=1e-9)


def test_both_ways_to_exclude_a_course_from_itself_agree() -> None:
    gram = random_gram(6)
    inverse = np.linalg.inv(gram + np.diag([1.0, 2, 3, 4, 5, 6]))
    np.testing.assert_allclose(
        self_excluding_weights(inverse, 4),
        without_own_weight(inverse, inverse @ gram[:, :4]),
        atol=1e-9,
    )


def test_ease_of_two_courses_by_hand() -> None:
    # X = [[1, 1], [1, 0]], G + I = [[3, 1], [1, 2]], P = [[2, -1], [-1, 3]] / 5
    # B_01 = -P_01 / P_11 = 1 / 3, B_10 = -P_10 / P_00 = 1 / 2
    courses = make_courses([1, 1])
    train = make_training([[0, 1], [0]], courses)
    model = Ease.fit(EaseConfig(l2=1.0, min_purchases=1), train, seed=0)
    scores = model.score(make_batch([[0], [1]], n_items=2))
    np.testing.assert_allclose(scores, [[0, 1 / 3], [1 / 2, 0]], atol=1e-6)


def triangle(n_items: int, n_tokens: int) -> TrainingSet:
    """Item i is bought by i + 1 people, token t is that of t + 1 people."""
    people = range(max(n_items, n_tokens))
    return many_tokens(
        [list(range(person, n_items)) for person in people],
        [list(range(person, n_tokens)) for person in people],
        n_items=n_items,
        n_tokens=n_tokens,
    )


def many_tokens(
    rows: list[list[int]], tokens: list[list[int]], *, n_items: int, n_tokens: int
) -> TrainingSet:
    values = tuple(map(str, range(n_tokens - 1)))
    column = TokenColumn(column="village", kind="values", values=values)
    batch = make_batch(rows, n_items=n_items, tokens=tokens, n_tokens=n_tokens)
    vocabulary = ProfileVocabulary(columns=(column,))
    return TrainingSet(batch, make_courses([1_000] * n_items), vocabulary, as_of_s=10**9)


@pytest.mark.parametrize(
    ("n_items", "n_tokens", "items", "tokens"),
    [(5, 3, 5, 3), (200, 10, 126, 10), (3, 200, 3, 133), (60, 90, 60, 76), (200, 200, 68, 68)],
)
def test_memory_keeps_the_most_bought_courses_and_the_most_common_tokens(
    n_items: int, n_tokens: int, items: int, tokens: int
) -> None:
    assert int(np.sqrt(2**20 / 8 / SQUARE_MATRICES)) == 136  # the side that 1 MB holds
    kept = inputs_to_keep(triangle(n_items, n_tokens), min_purchases=1, memory_mb=1)
    assert kept.items.tolist() == list(range(n_items))[-items:]
    assert kept.tokens.tolist() == list(range(n_tokens))[-tokens:]


def test_only_what_is_bought_often_is_kept() -> None:
    kept = inputs_to_keep(triangle(9, 3), min_purchases=4, memory_mb=1)
    assert kept.items.tolist() == [3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("model", [Ease, SequenceRidge])
def test_a_token_without_room_weighs_nothing(model: type[Ease | SequenceRidge]) -> None:
    train = triangle(200, 200)
    fitted = model.fit(
        model.config_type.model_validate({"memory_mb": 1, "min_purchases": 1}), train, seed=0
    )
    one_token = make_batch([[]] * 200, n_items=200, tokens=[[t] for t in range(200)], n_tokens=200)
    scores = fitted.score(one_token)
    assert scores.any(axis=1).tolist() == [False] * 132 + [True] * 68
    assert scores.any(axis=0).tolist() == [False] * 132 + [True] * 68


def test_cuts_of_one_history_by_hand() -> None:
    config = SequenceRidgeConfig(past_decay=0.5, future_decay=0.1, window=2)
    past, future, row_of = cuts(Sequences.of([[3, 1, 0]], n_items=4), config)
    np.testing.assert_allclose(past.toarray(), [[0, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0.5]])
    np.testing.assert_allclose(future.toarray(), [[0, 0.1, 0, 1], [0.1, 1, 0, 0], [1, 0, 0, 0]])
    assert row_of.tolist() == [0, 0, 0]


def test_repeats_count_when_they_were_first_bought() -> None:
    once = first_purchases(Sequences.of([[2, 1, 2], [], [0, 0]], n_items=3))
    assert once.item_idx.tolist() == [2, 1, 0]
    assert once.lengths.tolist() == [2, 0, 1]


def test_a_repeated_course_is_learned_from_where_first_and_asked_where_last_bought() -> None:
    config = SequenceRidgeConfig(past_decay=0.5)
    past, _, _ = cuts(first_purchases(Sequences.of([[0, 1, 0, 2]], n_items=3)), config)
    np.testing.assert_allclose(past.toarray()[-1], [0.5, 1, 0])
    weights = np.diag([1.0, 1.0, 1.0]).astype(np.float32)
    known = ItemWeights(np.arange(3, dtype=np.int32), weights, 3)
    asked = SequenceRidge(config, known).score(make_batch([[0, 1, 0]], n_items=3, n_tokens=0))
    np.testing.assert_allclose(asked, [[1, 0.5, 0]])


@pytest.mark.parametrize(
    ("n_items", "bought", "n_tokens", "told"),
    [(2_000, 30, 3, 0), (1_200, 20, 4_000, 5)],
    ids=["many courses", "many tokens"],
)
@pytest.mark.parametrize(
    ("kind", "hyperparameters"),
    [(Ease, {"neighbour_weight": 0.05}), (SequenceRidge, {"set_weight": 3.0})],
    ids=["ease", "sequence-ridge"],
)
def test_a_fit_stays_within_its_memory(
    kind: type[Ease | SequenceRidge],
    hyperparameters: dict[str, float],
    n_items: int,
    bought: int,
    n_tokens: int,
    told: int,
) -> None:
    """Nearly every pair of courses is bought by somebody, so that the matrices are full."""
    rng = np.random.default_rng(0)
    rows = [rng.choice(n_items, bought, replace=False).tolist() for _ in range(6_000)]
    tokens = [rng.choice(n_tokens, told, replace=False).tolist() for _ in rows]
    size = {"n_items": n_items, "n_tokens": n_tokens}
    config = kind.config_type.model_validate(
        {"memory_mb": MEMORY_MB, "min_purchases": 1, **hyperparameters}
    )
    kind.fit(config, many_tokens(rows[:50], tokens[:50], **size), seed=7)
    train = many_tokens(rows, tokens, **size)
    tracemalloc.start()
    try:
        kind.fit(config, train, seed=7)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    inputs_mb = 20  # what is held of the participants at once; one more matrix has 30.5
    assert peak <= (MEMORY_MB + inputs_mb) * 2**20, f"{peak / 2**20:.1f} MB at the peak"
