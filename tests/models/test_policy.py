"""The policy and its models against plain numpy: rules, sums and stages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from saldopas.features.encoding import masks
from saldopas.features.encoding.batch import ParticipantBatch
from saldopas.features.encoding.pairs import MIN_GROUP_PEOPLE
from saldopas.models.policy.policy import Policy, Stage
from saldopas.models.recommenders.blend import Blend, BlendConfig, Member
from saldopas.models.recommenders.popularity import PopularityConfig, TimeDecayedPopularity
from saldopas.models.recommenders.profile_popularity import (
    ProfilePopularity,
    ProfilePopularityConfig,
)
from saldopas.models.recommenders.recommender import Recommender
from saldopas.models.recommenders.sequence_ridge import SequenceRidge, SequenceRidgeConfig

from tests.made import VOCABULARY, make_batch, make_courses, make_requests, make_training
from tests.models.policy_worlds import World, worlds

N_ITEMS = 9
COURSES = make_courses([1_000] * N_ITEMS)
PEOPLE = [[0, 1, 2], [1, 2, 4], [5], [5, 1], [2, 0], [4, 5]]
TOKENS = [[0], [0], [1], [1], [0, 2], [2]]
TRAIN = make_training(PEOPLE, COURSES, tokens=TOKENS)
HISTORIES = [[], [0], [1, 0, 1], [5, 4, 2, 1], [8], [3, 3, 3]]
BATCH = make_batch(HISTORIES, n_items=N_ITEMS, tokens=[[0], [], [2], [2, 0], [1], []])


def popular(share: list[float]) -> TimeDecayedPopularity:
    return TimeDecayedPopularity(PopularityConfig(), np.array(share, np.float32))


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_what_is_allowed_is_what_each_rule_says(world: World) -> None:
    courses, asked = world.courses, world.requests
    each = (
        masks.affordable(courses, asked.limit_rp)
        & masks.on_sale(courses, asked.as_of_s)
        & masks.eligible(courses, asked.age_at_least, asked.education_at_least)
        & masks.outside(asked.owned)
        & masks.outside(asked.excluded)
    )
    np.testing.assert_array_equal(world.policy.allowed(asked).allowed, each.allowed)


def test_rows_are_summed_with_the_newest_weight_of_each_course() -> None:
    config = SequenceRidgeConfig(past_decay=0.5, token_weight=3.0, min_purchases=2, l2=1.0)
    model = SequenceRidge.fit(config, TRAIN, seed=0)
    weights = model.weights
    row_of = {int(item): row for row, item in enumerate(weights.kept)}
    scores = model.score(BATCH)
    for row, history in enumerate(HISTORIES):
        inputs = np.zeros(len(weights.weights))
        newest_first = history[::-1]
        for item in set(history) & row_of.keys():
            age = newest_first.index(item)
            inputs[row_of[item]] = 0.5**age
        inputs[len(row_of) + BATCH.tokens.row(row)] = 3.0
        expected = np.zeros(N_ITEMS)
        expected[weights.kept] = inputs @ weights.weights
        np.testing.assert_allclose(scores[row], expected, rtol=1e-5, atol=1e-6)


def test_a_profile_is_found_whatever_the_order_of_its_tokens() -> None:
    config = ProfilePopularityConfig(profile_strength=1.0)
    everybody = np.arange(TRAIN.participants.n_rows)
    shared = TRAIN.participants.take(
        np.tile(everybody, MIN_GROUP_PEOPLE)
    )  # small groups are not kept
    model = ProfilePopularity.fit(config, replace(TRAIN, participants=shared), seed=0)
    there = make_batch([[]], n_items=N_ITEMS, tokens=[[0, 2]])
    back = replace(there, tokens=replace(there.tokens, indices=there.tokens.indices[::-1].copy()))
    np.testing.assert_allclose(model.score(there), model.score(back), rtol=1e-6)
    alone = replace(
        model, group_tokens=model.group_tokens[[0]], group_counts=model.group_counts[[0]]
    )
    assert not np.allclose(model.score(there), alone.score(there)), "its exact profile counts"


def test_many_tokens_neither_overflow_nor_vanish() -> None:
    n_tokens = 80
    model = ProfilePopularity.fit(ProfilePopularityConfig(), TRAIN, seed=0)
    sold = model.share > 0
    lift = np.where(sold, np.linspace(19.0, 20.0, N_ITEMS), -20.0).astype(np.float32)
    wide = replace(
        model,
        log_lift=np.tile(lift, (n_tokens, 1)),
        group_tokens=model.group_tokens[[]],
        group_counts=model.group_counts[[]],
    )
    batch = make_batch([[]], n_items=N_ITEMS, tokens=[list(range(n_tokens))], n_tokens=n_tokens)
    log = np.log(model.share[sold]) + n_tokens * lift[sold].astype(np.float64)
    expected = np.exp(log - log.max()) / np.exp(log - log.max()).sum()
    np.testing.assert_allclose(wide.score(batch)[0, sold], expected, rtol=1e-3)


BLENDED = BlendConfig(
    members=(
        Member(model="als", config={"factors": 4}),
        Member(model="sequence-ridge", config={"min_purchases": 1}),
        Member(model="profile-popularity"),
        Member(model="item-neighbours"),
        Member(model="popularity"),
    ),
    weights=((0, 1, 2, 0, 0.5), (1, 0, 0, 1, 0), (0, 0, 0, 0, 1), (2, 1, 1, 1, 1)),
)


def test_a_blend_is_the_weighted_sum_of_its_members() -> None:
    blend = Blend.fit(BLENDED, TRAIN, seed=0)
    parts = np.stack([member.score(BATCH) for member in blend.members]).astype(np.float64)
    level = np.minimum([len(history) for history in HISTORIES], 3)
    factors = np.array(BLENDED.weights)[level] / blend.scale
    expected = np.einsum("bm,mbi->bi", factors, parts)
    np.testing.assert_allclose(blend.score(BATCH), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("added", [0, 3])
def test_a_policy_ranks_by_the_scores_that_it_tells(added: int) -> None:
    blend = Blend.fit(BLENDED, TRAIN, seed=0)
    stages: tuple[Stage, ...] = (
        Stage("history", blend),
        Stage("profile", blend),
        Stage("popular", popular([0.1] * N_ITEMS)),
    )
    policy = Policy(stages, COURSES).over(make_courses([1_000] * (N_ITEMS + added)))
    batch = BATCH if added == 0 else grown(BATCH, added)
    asked = make_requests(batch, count=np.full(batch.n_rows, 99, np.int64))
    found = policy.recommend(asked)
    first = policy.stage_of(batch)
    for row in range(batch.n_rows):
        place = found.row(row)
        told = policy.scores(policy.stages[first[row]], asked)[row]
        ranked = found.source[place] == min(first[row], 2)
        np.testing.assert_array_equal(
            told[found.item_idx[place][ranked]], found.scores[place][ranked]
        )
        assert ranked[0], "the stage that answers first is the first of the list"


def grown(batch: ParticipantBatch, added: int) -> ParticipantBatch:
    """The same people, one of whom bought a course that no model knows, after it came."""
    histories = [*HISTORIES[:-1], [N_ITEMS + added - 1]]
    bigger = make_batch(histories, n_items=N_ITEMS + added)
    return ParticipantBatch(bigger.sequence, batch.tokens)


def test_stages_ask_for_what_their_models_look_at() -> None:
    ridge = SequenceRidge.fit(SequenceRidgeConfig(min_purchases=1), TRAIN, seed=0)
    last = popular([0.1] * N_ITEMS)
    models: dict[str, Recommender] = {"ridge": ridge, "popular": last}
    stages = (Stage("history", models["popular"]), Stage("profile", ridge), Stage("popular", last))
    policy = Policy(stages, COURSES)
    batch = make_batch([[0], [0], []], n_items=N_ITEMS, tokens=[[0], [], []])
    found = policy.recommend(make_requests(batch, count=np.ones(3, np.int64)))
    assert found.source.tolist() == [1, 2, 2]
    assert policy.stage_of(batch).tolist() == [1, 2, 2]
    assert VOCABULARY.n_tokens == batch.tokens.n_columns
