"""Lists of the policy that is served, with its own exploration, can be valued."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from saldopas.models.policy.exploration import Exploration, ExplorationConfig
from saldopas.models.policy.policy import Policy, Recommendations, Stage
from saldopas.models.recommenders.popularity import PopularityConfig, TimeDecayedPopularity
from saldopas.training_pipeline.evaluating.off_policy.estimate import estimate_value
from saldopas.training_pipeline.evaluating.off_policy.exploring import ExploringRanking
from saldopas.training_pipeline.evaluating.off_policy.served_lists import ServedLists
from saldopas.training_pipeline.evaluating.off_policy.weights import (
    CannotEstimateError,
    OffPolicyConfig,
)

from tests.made import make_batch, make_courses, make_requests, make_training

N_ITEMS, SLOTS, REQUESTS = 8, 3, 8_000
COURSES = make_courses([1_000] * N_ITEMS)
# courses 0, 1 and 2 are bought, 3 to 7 are explored
POPULAR = TimeDecayedPopularity.fit(
    PopularityConfig(), make_training([[0, 1, 2]] * 3 + [[0, 1], [0]], COURSES), seed=0
)
WORTH = np.array([0.10, 0.08, 0.05, 0.02, 0.30, 0.02, 0.02, 0.02])
CONFIG = OffPolicyConfig()


@pytest.fixture(scope="module")
def log() -> ServedLists:
    """What the exploring policy shows, and buys by `WORTH` whatever stands around."""
    config = ExplorationConfig(share=0.3, max_purchases=0)
    counts = np.array([5, 4, 3, 0, 0, 0, 0, 0])
    policy = Policy(
        (Stage("popular", POPULAR),), COURSES, Exploration.of_counts(config, counts, seed=1)
    )
    asked = make_requests(
        make_batch([[]] * REQUESTS, n_items=N_ITEMS),
        count=np.full(REQUESTS, SLOTS),
        age_at_least=np.arange(REQUESTS),  # another draw for each
    )
    shown = policy.recommend(asked)
    listed = replace(policy, exploration=None).recommend(asked)
    items = shown.item_idx.reshape(-1, SLOTS)
    bought = np.random.default_rng(2).random(items.shape) < WORTH[items]
    pool = np.tile(np.arange(N_ITEMS) >= 3, (REQUESTS, 1))
    return ServedLists(
        course_ids=tuple(COURSES.course_ids),
        units=np.arange(REQUESTS),
        filled=np.ones(items.shape, bool),
        item_idx=items,
        at_slot=shown.propensity.reshape(-1, SLOTS).astype(np.float64),
        given_above=None,
        reward=bought.astype(np.float64),
        pool=np.packbits(pool, axis=1, bitorder="little"),
        listed=listed.item_idx.reshape(-1, SLOTS),
    )


def always(*items: int) -> ExploringRanking:
    """A target that shows these to everybody."""
    answer = Recommendations(
        indptr=np.arange(REQUESTS + 1) * len(items),
        item_idx=np.tile(items, REQUESTS),
        scores=np.zeros(REQUESTS * len(items), np.float32),
        source=np.zeros(REQUESTS * len(items), np.int8),
    )
    return ExploringRanking.of(answer, depth=SLOTS, epsilon=0.0)


@pytest.mark.parametrize("items", [(0, 1, 2), (0, 4, 2), (4, 1, 5)])
def test_a_list_of_known_and_explored_courses_is_valued(
    log: ServedLists, items: tuple[int, ...]
) -> None:
    found = estimate_value(log, always(*items), CONFIG, seed=0)
    truth = WORTH[list(items)].sum()
    for estimate in (found.ips, found.snips, found.doubly_robust):
        error = (estimate.high - estimate.low) / 3.92
        assert abs(estimate.value - truth) < 4 * error


def test_another_order_of_known_courses_was_never_tried(log: ServedLists) -> None:
    with pytest.raises(CannotEstimateError, match=r"support is missing: in 100\.00% of the lists"):
        estimate_value(log, always(1, 0, 2), CONFIG, seed=0)
