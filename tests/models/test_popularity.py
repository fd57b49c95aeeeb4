"""Shares by hand: decay, and smoothing from everybody to a token to an exact profile."""

from __future__ import annotations

import numpy as np

from features.sequences import Sequences
from features.training_set import TrainingSet
from models.popularity import DAY_S, PopularityConfig, TimeDecayedPopularity
from models.profile_popularity import ProfilePopularity, ProfilePopularityConfig
from tests.made import VOCABULARY, make_batch, make_courses, make_profile, make_training

COURSES = make_courses([1, 1, 1])


def test_a_purchase_a_half_life_old_counts_half() -> None:
    batch = make_batch([[0], [1]], n_items=3)
    at_s = np.array([0, 10 * DAY_S], np.int64)
    sequence = Sequences(batch.sequence.indptr, batch.sequence.item_idx, at_s, 3)
    train = TrainingSet(
        type(batch)(sequence, batch.profile), COURSES, VOCABULARY, as_of_s=10 * DAY_S
    )
    model = TimeDecayedPopularity.fit(PopularityConfig(half_life_days=10), train, seed=0)
    np.testing.assert_allclose(model.share, [1 / 3, 2 / 3, 0], rtol=1e-6)


def test_profiles_move_from_everybody_to_their_own_counts() -> None:
    people = [[0]] * 30 + [[1]] * 10
    tokens = [[0]] * 30 + [[1]] * 10
    train = make_training(people, COURSES, tokens=tokens)
    own = make_batch([[], []], n_items=3, tokens=[[0], [1]])

    def share_of(strength: float) -> np.ndarray:
        config = ProfilePopularityConfig(
            half_life_days=None, token_strength=strength, profile_strength=strength
        )
        return ProfilePopularity.fit(config, train, seed=0).score(own)

    np.testing.assert_allclose(share_of(1e-3), [[1, 0, 0], [0, 1, 0]], atol=1e-3)
    np.testing.assert_allclose(share_of(1e9), [[0.75, 0.25, 0]] * 2, atol=1e-3)


def test_an_exact_profile_adds_to_its_tokens_by_hand() -> None:
    # 4 purchases of c0 by {a}: p = (1, 0, 0); everything is c0 whatever the strength
    train = make_training([[0]] * 4, COURSES, tokens=[[0]] * 4)
    model = ProfilePopularity.fit(ProfilePopularityConfig(), train, seed=0)
    profile = make_profile([[0], []], n_tokens=VOCABULARY.n_tokens)
    scores = model.score(type(train.participants)(Sequences.of([[], []], n_items=3), profile))
    np.testing.assert_allclose(scores, [[1, 0, 0]] * 2, atol=1e-5)
