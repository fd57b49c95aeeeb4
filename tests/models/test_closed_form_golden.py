"""Closed forms against their formulas: written densely, one course's regression at a time."""

from __future__ import annotations

import numpy as np
import pytest
from saldopas.features.encoding.batch import ParticipantBatch, TrainingSet
from saldopas.features.encoding.sequences import Sequences
from saldopas.features.seconds import DAY_S
from saldopas.models.recommenders.ease import Ease, EaseConfig
from saldopas.models.recommenders.sequence_ridge import SequenceRidge, SequenceRidgeConfig

from tests.made import VOCABULARY, make_batch, make_courses

# course 2 is often bought again, course 5 seldom and late; one person bought nothing
PEOPLE = [[0, 1, 2], [2, 0, 2, 3], [1, 2], [4, 1, 0, 2, 3], [3, 4], [], [0], [2, 2, 4, 1], [4, 5]]
TOKENS = [[0], [1], [0, 2], [1], [], [0, 1], [2], [1, 2], [0]]
ASKED, ASKED_TOKENS = [[], [0], [1, 2], [3, 0, 4], [5, 1]], [[1], [], [0, 2], [1], [2]]
N_ITEMS, N_TOKENS = 6, VOCABULARY.n_tokens
COUNTS = np.array([sum(row.count(item) for row in PEOPLE) for item in range(N_ITEMS)])
DAYS = np.array(
    [day for row in range(len(PEOPLE)) for day in 7 * row + np.arange(len(PEOPLE[row]))]
)


def train() -> TrainingSet:
    batch = make_batch(PEOPLE, n_items=N_ITEMS, tokens=TOKENS)
    plain = batch.sequence
    sequence = Sequences(plain.indptr, plain.item_idx, DAYS * DAY_S, N_ITEMS)
    courses = make_courses([1] * N_ITEMS)
    return TrainingSet(
        type(batch)(sequence, batch.tokens), courses, VOCABULARY, as_of_s=100 * DAY_S
    )


def tokens_of(row: list[int], weight: float) -> np.ndarray:
    return weight * np.isin(np.arange(N_TOKENS), row)


def courses_of(row: list[int], decay: float = 1.0) -> np.ndarray:
    """decay^place of each course of a row."""
    values = np.zeros(N_ITEMS)
    values[row] = decay ** np.arange(len(row))
    return values


def inputs_kept(config: EaseConfig | SequenceRidgeConfig) -> np.ndarray:
    return np.append(config.min_purchases <= COUNTS, np.ones(N_TOKENS, bool))


def regressions(gram: np.ndarray, target: np.ndarray, penalty: np.ndarray) -> np.ndarray:
    """Each kept course regressed on all other inputs; the rest neither asks nor is answered."""
    weights = np.zeros_like(target)
    for course in np.flatnonzero(target.any(axis=0)):
        others = [one for one in range(len(gram)) if one != course]
        square = (gram + np.diag(penalty))[np.ix_(others, others)]
        weights[others, course] = np.linalg.solve(square, target[others, course])
    return weights


def trend(config: EaseConfig | SequenceRidgeConfig) -> np.ndarray:
    decayed = 0.5 ** ((DAYS.max() - DAYS) / config.trend_half_life_days)
    decayed *= len(DAYS) / decayed.sum()
    recent = np.array([decayed[np.concatenate(PEOPLE) == item].sum() for item in range(N_ITEMS)])
    prior = config.trend_strength * decayed.max()
    return ((recent + prior) / (COUNTS + prior)) ** config.trend_power


def sequence_ridge(config: SequenceRidgeConfig) -> np.ndarray:
    kept = inputs_kept(config)
    size = N_ITEMS + N_TOKENS
    gram, target = np.zeros((size, size)), np.zeros((size, N_ITEMS))
    for row, tokens in zip(PEOPLE, TOKENS, strict=True):
        once = list(dict.fromkeys(row))
        known = tokens_of(tokens, config.token_weight)
        weight = max(len(once), 1) ** -config.length_power
        pairs = [
            (
                courses_of(once[:t][::-1][: config.window], config.past_decay),
                courses_of(once[t:][: config.window], config.future_decay),
                weight,
            )
            for t in range(len(once))
        ]
        pairs.append((courses_of(once), courses_of(once), config.set_weight * weight))
        for past, future, w in pairs:
            x = np.concatenate([past, known]) * kept
            gram += w * np.outer(x, x)
            target += w * np.outer(x, future * kept[:N_ITEMS])
    penalty = config.l2 + config.l2_diagonal * np.diag(gram)
    weights = regressions(gram, target, penalty)
    weights *= (COUNTS + 10.0) ** -config.popularity_power * trend(config)
    asked = [
        np.concatenate(
            [courses_of(row[::-1], config.past_decay), tokens_of(own, config.token_weight)]
        )
        for row, own in zip(ASKED, ASKED_TOKENS, strict=True)
    ]
    return np.array(asked) @ weights


def ease(config: EaseConfig) -> np.ndarray:
    kept = inputs_kept(config)

    def inputs(rows: list[list[int]], tokens: list[list[int]]) -> np.ndarray:
        pairs = zip(rows, tokens, strict=True)
        return np.array(
            [
                np.concatenate([courses_of(row), tokens_of(own, config.token_weight)]) * kept
                for row, own in pairs
            ]
        )

    x = inputs(PEOPLE, TOKENS)
    gram = x.T @ x
    weights = regressions(gram, gram[:, :N_ITEMS], config.l2 + config.l2_diagonal * np.diag(gram))
    norm = np.sqrt(np.diag(gram)[:N_ITEMS])
    for i, j in np.argwhere(gram[:N_ITEMS, :N_ITEMS] > 0):
        if i != j:
            weights[i, j] += config.neighbour_weight * gram[i, j] / (norm[i] * norm[j])
    return inputs(ASKED, ASKED_TOKENS) @ (weights * trend(config))


TREND = {"trend_power": 1.5}
RIDGE = SequenceRidgeConfig(min_purchases=1, l2=1.0)
RIDGE_CHANGES: list[tuple[dict[str, float], dict[str, float]]] = [
    ({}, {"past_decay": 0.4}),
    ({}, {"future_decay": 0.9}),
    ({}, {"window": 1}),
    ({}, {"length_power": 1.5}),
    ({}, {"set_weight": 0.8}),
    ({}, {"l2": 4.0}),
    ({}, {"l2_diagonal": 1.2}),
    ({}, {"token_weight": 2.5}),
    ({}, {"popularity_power": 0.9}),
    ({}, TREND),
    (TREND, {"trend_half_life_days": 5.0}),
    (TREND, {"trend_strength": 2.0}),
    ({}, {"min_purchases": 2}),
]
EASE = EaseConfig(min_purchases=1, l2=1.0)
EASE_CHANGES: list[tuple[dict[str, float], dict[str, float]]] = [
    ({}, {"l2": 4.0}),
    ({}, {"l2_diagonal": 1.2}),
    ({}, {"token_weight": 2.5}),
    ({}, {"neighbour_weight": 0.7}),
    ({}, TREND),
    (TREND, {"trend_half_life_days": 5.0}),
    (TREND, {"trend_strength": 2.0}),
    ({}, {"min_purchases": 2}),
]
TESTED_ELSEWHERE = {"memory_mb"}  # in test_closed_form.py


def named(changes: dict[str, float]) -> str:
    return next(iter(changes), "default")


@pytest.mark.parametrize(("before", "changed"), RIDGE_CHANGES, ids=named)
def test_sequence_ridge_is_its_formula(before: dict[str, float], changed: dict[str, float]) -> None:
    config = RIDGE.model_copy(update=before | changed)
    expected = sequence_ridge(config)
    assert_differs(expected, sequence_ridge(RIDGE.model_copy(update=before)))
    scores = SequenceRidge.fit(config, train(), seed=0).score(asked())
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("before", "changed"), EASE_CHANGES, ids=named)
def test_ease_is_its_formula(before: dict[str, float], changed: dict[str, float]) -> None:
    config = EASE.model_copy(update=before | changed)
    expected = ease(config)
    assert_differs(expected, ease(EASE.model_copy(update=before)))
    scores = Ease.fit(config, train(), seed=0).score(asked())
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-6)


def test_every_hyperparameter_is_compared_with_its_formula() -> None:
    for kind, changes in ((SequenceRidge, RIDGE_CHANGES), (Ease, EASE_CHANGES)):
        compared = {name for _, changed in changes for name in changed}
        assert compared == set(kind.config_type.model_fields) - TESTED_ELSEWHERE


def asked() -> ParticipantBatch:
    return make_batch(ASKED, n_items=N_ITEMS, tokens=ASKED_TOKENS)


def assert_differs(expected: np.ndarray, base: np.ndarray) -> None:
    """The hyperparameter matters here: without it the answer would be another."""
    assert np.abs(expected - base).max() > 0.01 * np.abs(base).max()
