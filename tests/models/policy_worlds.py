"""Random catalogues, people and balances; what is allowed in them, course by course."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st
from saldopas.features.encoding.courses import CourseTable
from saldopas.features.requests.batch import NO_MAX_PRICE_RP, RequestBatch
from saldopas.models.policy.balance_fit import N_BANDS, BalanceFit
from saldopas.models.policy.policy import Policy, Recommendations, Stage
from saldopas.models.recommenders.popularity import PopularityConfig, TimeDecayedPopularity
from saldopas.models.recommenders.sequence_ridge import SequenceRidge, SequenceRidgeConfig

from tests.made import make_batch, make_courses, make_profile, make_requests, make_training


@dataclass(frozen=True)
class World:
    policy: Policy
    courses: CourseTable
    requests: RequestBatch


@st.composite
def worlds(draw: st.DrawFn) -> World:
    n_items = draw(st.integers(1, 12))
    cheap = st.sampled_from([0, 1_000, 1_000, 5_000, 300_000])
    prices = draw(st.lists(cheap, min_size=n_items, max_size=n_items))
    courses = make_courses(
        prices,
        min_age=draw(st.lists(st.sampled_from([0, 18, 40]), min_size=n_items, max_size=n_items)),
        min_education=draw(
            st.lists(st.sampled_from(["", "SMA", "S3"]), min_size=n_items, max_size=n_items)
        ),
    )
    moments = st.integers(0, 4)
    courses = replace(
        courses,
        on_sale_from_s=np.array([draw(moments) - 2 for _ in range(n_items)], np.int64),
        on_sale_until_s=np.array([draw(moments) + 1 for _ in range(n_items)], np.int64),
    )
    rows = st.lists(st.integers(0, n_items - 1), max_size=4)
    people = draw(st.lists(rows, min_size=1, max_size=6))
    train = make_training(people, courses, tokens=[[row % 2] for row in range(len(people))])
    ridge = SequenceRidge.fit(SequenceRidgeConfig(min_purchases=1), train, seed=1)
    popular = TimeDecayedPopularity.fit(PopularityConfig(), train, seed=1)
    stages = (Stage("history", ridge), Stage("profile", ridge), Stage("popular", popular))
    asked = draw(st.lists(rows, min_size=1, max_size=5))
    size = len(asked)
    tokens = [draw(st.sampled_from([[], [0], [1], [2]])) for _ in asked]
    batch = make_batch(asked, n_items=n_items, tokens=tokens)
    excluded = [draw(st.lists(st.integers(0, n_items - 1), max_size=3)) for _ in asked]

    def many(values: st.SearchStrategy[int]) -> np.ndarray:
        return np.array([draw(values) for _ in range(size)], np.int64)

    requests = make_requests(
        batch,
        balance_rp=many(st.sampled_from([0, 999, 1_000, 4_999, 5_000, 10**9])),
        has_balance=many(st.integers(0, 1)).astype(bool),
        max_price_rp=many(st.sampled_from([0, 1_000, 4_999, NO_MAX_PRICE_RP, NO_MAX_PRICE_RP])),
        excluded=make_profile(excluded, n_tokens=n_items),
        age_at_least=many(st.sampled_from([0, 18, 64])),
        education_at_least=many(st.integers(0, 3)),
        as_of_s=many(moments),
        count=many(st.integers(0, 15)),
    )
    lifts = st.lists(st.sampled_from([0.5, 1.0, 3.0]), min_size=N_BANDS, max_size=N_BANDS)
    fit = draw(st.none() | st.builds(BalanceFit, lift=lifts))
    return World(Policy(stages, courses, balance_fit=fit), courses, requests)


def allowed_one_by_one(world: World, row: int) -> set[int]:
    """The rules again, one course at a time, in plain Python."""
    courses, asked = world.courses, world.requests
    owned = set(asked.owned.row(row)) | set(asked.excluded.row(row))
    return {
        item
        for item in range(courses.n_items)
        if (not asked.has_balance[row] or courses.price_rp[item] <= asked.balance_rp[row])
        and courses.price_rp[item] <= asked.max_price_rp[row]
        and item not in owned
        and courses.on_sale_from_s[item] <= asked.as_of_s[row] <= courses.on_sale_until_s[item]
        and courses.min_age[item] <= asked.age_at_least[row]
        and courses.min_education[item] <= asked.education_at_least[row]
    }


def listed(lists: Recommendations, row: int) -> list[int]:
    return [int(item) for item in lists.item_idx[lists.row(row)]]
