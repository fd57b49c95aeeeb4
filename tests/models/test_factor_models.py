"""ALS, BPR and LMF: participants folded in, courses nobody bought, and catalogues at the limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from saldopas.features.encoding.sequences import Sequences
from saldopas.models.recommenders.als import Als, AlsConfig
from saldopas.models.recommenders.bpr import Bpr, BprConfig
from saldopas.models.recommenders.factors import (
    LatentSpace,
    PurchaseFactors,
    participant_inputs,
    recency_weights,
    sample_by_share,
    token_factors,
)
from saldopas.models.recommenders.lmf import Lmf, LmfConfig
from scipy.special import expit

from tests.made import checkerboard, make_batch, make_courses, make_training

MODELS: list[type[Als | Bpr | Lmf]] = [Als, Bpr, Lmf]
N_ITEMS = 20
SIX = np.random.default_rng(4).normal(size=(6, 3)).astype(np.float32)
SPACE = LatentSpace(
    items=SIX,
    bias=np.array([0.5, -1, 0, 0.2, 0, 1], np.float32),
    typical=np.array([0.3, 0, -0.2], np.float32),
    tokens=np.zeros((0, 3), np.float32),
    rivals=np.arange(6, dtype=np.int32),
)
EXPECTED = SPACE.typical.astype(np.float64)
BOUGHT = PurchaseFactors(
    SIX[[1, 4]].astype(np.float64), SPACE.bias[[1, 4]].astype(np.float64), np.array([0.5, 1.0])
)


def small(model: type[Als | Bpr | Lmf], **changes: Any) -> Any:
    return model.config_type(**{"factors": 4, "iterations": 30, **changes})


@pytest.mark.parametrize("model", MODELS)
def test_a_course_that_nobody_bought_scores_exactly_zero(model: type[Als | Bpr | Lmf]) -> None:
    rows = [[item for item in row if item != 6] for row in checkerboard(N_ITEMS)]
    fitted = model.fit(small(model), make_training(rows, make_courses([1] * N_ITEMS)), seed=0)
    scores = fitted.score(make_batch([[0, 2], [1], [6, 0]], n_items=N_ITEMS))
    assert scores[:, 6].tolist() == [0.0, 0.0, 0.0]
    assert (np.delete(scores, 6, axis=1) != 0).all()


@pytest.mark.parametrize("model", MODELS)
def test_who_brings_nothing_known_is_told_nothing(model: type[Als | Bpr | Lmf]) -> None:
    rows = [[item for item in row if item != 6] for row in checkerboard(N_ITEMS)]
    fitted = model.fit(small(model), make_training(rows, make_courses([1] * N_ITEMS)), seed=0)
    assert not fitted.score(make_batch([[], [6]], n_items=N_ITEMS)).any()


@pytest.mark.parametrize("model", MODELS)
def test_a_purchase_of_an_unknown_course_changes_nothing(model: type[Als | Bpr | Lmf]) -> None:
    rows = [[item for item in row if item != 6] for row in checkerboard(N_ITEMS)]
    fitted = model.fit(small(model), make_training(rows, make_courses([1] * N_ITEMS)), seed=0)
    with_it, without = fitted.score(make_batch([[2, 6, 0], [2, 0]], n_items=N_ITEMS))
    np.testing.assert_allclose(with_it, without, atol=1e-6)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("rows", [[[]], [[], []]])
def test_a_training_without_a_purchase_knows_nothing(
    model: type[Als | Bpr | Lmf], rows: list[list[int]]
) -> None:
    fitted = model.fit(small(model), make_training(rows, make_courses([1, 1])), seed=0)
    assert not fitted.score(make_batch([[0], []], n_items=2, tokens=[[], [0]])).any()


@pytest.mark.parametrize("model", MODELS)
def test_a_catalogue_of_one_course_gives_finite_scores(model: type[Als | Bpr | Lmf]) -> None:
    train = make_training([[0], [0, 0], [0]], make_courses([1]), tokens=[[0], [1], []])
    scores = model.fit(small(model), train, seed=0).score(
        make_batch([[], [0], [0]], n_items=1, tokens=[[0], [], [1]])
    )
    assert scores.shape == (3, 1)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("model", MODELS)
def test_more_factors_than_courses_are_no_problem(model: type[Als | Bpr | Lmf]) -> None:
    train = make_training([[0, 1], [2], [0]], make_courses([1, 1, 1]))
    scores = model.fit(small(model, factors=16), train, seed=0).score(
        make_batch([[0], [1, 2]], n_items=3)
    )
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("model", MODELS)
def test_a_history_of_thousands_of_purchases_stays_finite(model: type[Als | Bpr | Lmf]) -> None:
    train = make_training(checkerboard(N_ITEMS), make_courses([1] * N_ITEMS))
    fitted = model.fit(small(model, past_decay=0.5), train, seed=0)
    endless = [item for _ in range(200) for item in range(N_ITEMS)]
    assert np.isfinite(fitted.score(make_batch([endless], n_items=N_ITEMS))).all()


@pytest.mark.parametrize("model", MODELS)
def test_the_newest_purchase_speaks_loudest(model: type[Als | Bpr | Lmf]) -> None:
    train = make_training(checkerboard(N_ITEMS), make_courses([1] * N_ITEMS))
    fitted = model.fit(small(model, past_decay=0.2), train, seed=0)
    batch = make_batch([[0, 1], [1, 0]], n_items=N_ITEMS)
    scores = fitted.score(batch)
    even_minus_odd = scores[:, 2::2].mean(axis=1) - scores[:, 3::2].mean(axis=1)
    assert even_minus_odd[0] < even_minus_odd[1], "1 was newest in row 0, 0 in row 1"


@pytest.mark.parametrize("iterations", [1, 30])  # large numbers, then no numbers at all
def test_a_descent_that_diverges_is_refused(iterations: int) -> None:
    train = make_training(checkerboard(N_ITEMS), make_courses([1] * N_ITEMS))
    reckless = small(Bpr, learning_rate=1.0, regularization=20.0, iterations=iterations)
    with pytest.raises(ValueError, match="lower learning_rate"):
        Bpr.fit(reckless, train, seed=0)


@pytest.mark.parametrize(
    "reckless", [{"learning_rate": 10.0}, {"alpha": 1e5}, {"fold_in_l2": 1e-9}]
)
def test_lmf_stays_finite_with_extreme_hyperparameters(reckless: dict[str, float]) -> None:
    train = make_training(checkerboard(N_ITEMS), make_courses([1] * N_ITEMS))
    scores = Lmf.fit(small(Lmf, **reckless), train, seed=0).score(
        make_batch([[0], [1, 2]], n_items=N_ITEMS)
    )
    assert np.isfinite(scores).all()


def test_als_folds_in_the_least_squares_solution() -> None:
    # a weighted ridge over all courses: target 1 and confidence C where bought, else 0 and 1
    config = AlsConfig(factors=3, regularization=0.7, alpha=4.0, past_decay=0.5)
    trend = np.array([1, 1, 2, 1, 0.5, 1], np.float32)
    model = Als(config, SIX, np.zeros((0, 3), np.float32), trend)
    batch = make_batch([[1, 4]], n_items=6, n_tokens=0)
    confidence = np.array([1, 2.0, 1, 1, 4.0, 1])
    target = np.array([0, 1.0, 0, 0, 1, 0])
    V = SIX.astype(np.float64)
    user = np.linalg.solve((V.T * confidence) @ V + 0.7 * np.eye(3), (V.T * confidence) @ target)
    np.testing.assert_allclose(model.score(batch)[0], trend * (V @ user), atol=1e-5)


def test_als_weighs_a_course_by_how_often_it_was_bought() -> None:
    """1 was bought three times and newest, 4 once and last but one: 4 * 3^0.5 and 4 * 0.5."""
    config = AlsConfig(factors=3, regularization=0.7, alpha=4.0, past_decay=0.5)
    model = Als(config, SIX, np.zeros((0, 3), np.float32), np.ones(6, np.float32))
    batch = make_batch([[1, 1, 4, 1]], n_items=6, n_tokens=0)
    confidence = np.array([1, 4 * 3**0.5, 1, 1, 2.0, 1])
    target = np.array([0, 1.0, 0, 0, 1, 0])
    V = SIX.astype(np.float64)
    user = np.linalg.solve((V.T * confidence) @ V + 0.7 * np.eye(3), (V.T * confidence) @ target)
    np.testing.assert_allclose(model.score(batch)[0], V @ user, atol=1e-5)


@pytest.mark.parametrize("power", [0.0, 1.0])
def test_als_learns_how_often_a_course_was_bought(power: float) -> None:
    """Where repeats weigh nothing, a history with repeats is the same as one without."""
    courses = make_courses([1] * N_ITEMS)
    once = checkerboard(N_ITEMS)
    often = [[row[0], *row] for row in once]
    fitted = [
        Als.fit(small(Als, repeat_power=power), make_training(rows, courses), seed=0)
        for rows in (once, often)
    ]
    same = np.allclose(fitted[0].item_factors, fitted[1].item_factors)
    assert same == (power == 0)


def test_als_lifts_what_sells_more_than_before() -> None:
    """Course 0 was bought by as many people as 2, but lately: histories are a second apart."""
    days = 86_400
    rows = [[2, 4]] * 30 + [[0, 4]] * 30
    at_s = np.repeat(np.r_[np.full(30, 0), np.full(30, 100 * days)], 2) + np.tile([0, 1], 60)
    train = make_training(rows, make_courses([1] * 6))
    people = replace(train.participants, sequence=replace(train.participants.sequence, at_s=at_s))
    fitted = Als.fit(small(Als), replace(train, participants=people), seed=0)
    flat = Als.fit(small(Als, trend_power=0.0), replace(train, participants=people), seed=0)
    asked = make_batch([[4]], n_items=6)
    lifted, plain = fitted.score(asked)[0], flat.score(asked)[0]
    assert plain[0] == pytest.approx(plain[2], rel=0.05)
    assert lifted[0] > 1.2 * lifted[2]
    unordered = replace(train, participants=people, dates_are_order_only=True)
    assert (Als.fit(small(Als), unordered, seed=0).trend == 1).all()


def test_bpr_folds_in_the_minimum_of_the_pairwise_loss() -> None:
    model = Bpr(BprConfig(factors=3, fold_in_l2=0.2), SPACE)

    def loss(user: np.ndarray) -> float:
        x = SIX @ user + SPACE.bias
        pairs = -np.log(expit(x[[1, 4]][:, None] - x[None, :])).mean(axis=1)
        return float(BOUGHT.weights @ (pairs + 0.1 * ((user - EXPECTED) ** 2).sum()))

    assert_is_near_the_minimum(loss, model.fold_in(BOUGHT, EXPECTED))


def test_lmf_folds_in_the_minimum_of_the_logistic_loss() -> None:
    model = Lmf(LmfConfig(factors=3, alpha=2.0, negatives=1, fold_in_l2=0.4), SPACE)

    def loss(user: np.ndarray) -> float:
        x = SIX @ user + SPACE.bias
        bought = -2.0 * np.log(expit(x[[1, 4]]))
        others = -np.log(expit(-x)).mean() * 2  # one for each purchase
        penalty = 0.2 * ((user - EXPECTED) ** 2).sum()
        return float(BOUGHT.weights @ bought + others + penalty)

    assert_is_near_the_minimum(loss, model.fold_in(BOUGHT, EXPECTED))


def assert_is_near_the_minimum(loss: Any, found: np.ndarray) -> None:
    from scipy.optimize import minimize

    best = minimize(loss, EXPECTED, tol=1e-10)
    closed = (loss(EXPECTED) - loss(found)) / (loss(EXPECTED) - best.fun)
    assert 0.999 < closed <= 1.0 + 1e-6, f"only {closed:.4f} of the way to the minimum"


def test_implicit_columns_are_read_as_factors_and_bias() -> None:
    # with participants as implicit has them, v u + b must be implicit's own score
    from saldopas.models.recommenders.bpr import fit_implicit as fit_bpr
    from saldopas.models.recommenders.lmf import fit_implicit as fit_lmf

    train = make_training(checkerboard(N_ITEMS), make_courses([1] * N_ITEMS))
    bpr = fit_bpr(small(Bpr), train, seed=0)
    space = Bpr.of_implicit(small(Bpr), train, bpr).space
    np.testing.assert_allclose(
        bpr.user_factors[:, :-1] @ space.items.T + space.bias,
        bpr.user_factors @ bpr.item_factors.T,
        atol=1e-4,
    )
    lmf = fit_lmf(small(Lmf), train, seed=0)
    space = Lmf.of_implicit(small(Lmf), train, lmf).space
    people = np.delete(lmf.user_factors, -2, axis=1)
    np.testing.assert_allclose(
        people @ space.items.T + space.bias, lmf.user_factors @ lmf.item_factors.T, atol=1e-4
    )


def test_token_factors_by_hand() -> None:
    # token 0: people 0 and 1, sum 3 over 2 + 1; token 1: person 2, 4 over 1 + 1
    people = make_batch([[], [], []], n_items=1, tokens=[[0], [0], [1]], n_tokens=2)
    found = token_factors(people, np.array([[1.0], [2.0], [4.0]]), l2=1.0)
    np.testing.assert_allclose(found, [[1.0], [2.0]])


@pytest.mark.parametrize(
    ("counts", "most", "drawn"),
    [
        ([3, 0, 1], 4, [0, 0, 0, 2]),
        ([3, 0, 1], 2, [0, 2]),
        ([0, 2, 2], 2, [1, 2]),
        ([0, 0], 4, []),
        ([], 4, []),
    ],
)
def test_rivals_are_drawn_by_their_share(counts: list[int], most: int, drawn: list[int]) -> None:
    assert sample_by_share(np.array(counts, np.int64), most).tolist() == drawn


def test_what_is_known_of_a_row() -> None:
    batch = make_batch([[0, 1, 0], [], [2]], n_items=3, tokens=[[1], [0], []])
    weights = recency_weights(batch.sequence, 0.5)
    assert weights.tolist() == [0.25, 0.5, 1.0, 1.0]
    known = list(participant_inputs(batch, weights, bought=np.array([True, True, False])))
    assert [row.items.tolist() for row in known] == [[0, 1], [], []]
    assert known[0].weights.tolist() == [1.0, 0.5]  # a course bought twice has its newest weight
    assert [row.tokens.tolist() for row in known] == [[1], [0], []]


def test_recency_of_nobody_is_empty() -> None:
    assert recency_weights(Sequences.of([], n_items=3), 0.5).shape == (0,)
