"""How prices stand to balances is learned where purchases show it, and only there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from saldopas.features.requests.batch import RequestBatch
from saldopas.models.policy.balance_fit import EDGES, N_BANDS, BalanceFit, bands
from saldopas.models.policy.policy import Policy
from saldopas.models.policy.recipe import Recipe, StageRecipe
from saldopas.training_pipeline.training.balance_fitting import Bands, learn_balance_fit, lifts

from tests.made import make_batch, make_requests
from tests.small_world import SmallWorld

POPULAR = Recipe(stages=(StageRecipe(source="popular", model="popularity"),))


def test_a_price_lies_in_the_band_of_its_share_of_the_balance() -> None:
    prices = np.array([0, 1_000, 1_001, 50_000, 97_000, 97_001, 100_000])
    assert bands(prices, 100_000).tolist() == [0, 0, 1, 10, N_BANDS - 2, N_BANDS - 1, N_BANDS - 1]
    assert bands(np.array([0, 1]), 0).tolist() == [0, N_BANDS - 1]
    assert len(EDGES) == N_BANDS - 1


def test_the_lift_is_what_was_bought_over_what_was_foretold() -> None:
    rng = np.random.default_rng(0)
    foretold = rng.dirichlet(np.ones(N_BANDS), 50_000)
    planted = np.ones(N_BANDS)
    planted[[0, 15]] = [0.25, 4.0]
    chances = foretold * planted
    chances /= chances.sum(axis=1, keepdims=True)
    choice = (chances.cumsum(axis=1) > rng.random((len(chances), 1))).argmax(axis=1)
    found = np.array(lifts([Bands(foretold, np.eye(N_BANDS)[choice])]).lift)
    np.testing.assert_allclose(found / found[5], planted, rtol=0.15)


def test_scores_rise_and_fall_by_the_lift_of_their_band_and_keep_their_sign() -> None:
    fit = BalanceFit(lift=(0.5, *[1.0] * (N_BANDS - 2), 4.0))
    scores = np.array([[2.0, 2.0, -2.0, 0.0]] * 2, np.float32)
    prices = np.array([1, 100, 100, 100])
    limits, limited = np.array([100, 0]), np.array([True, False])
    fitted = fit.applied(scores, prices, limits, limited)
    np.testing.assert_allclose(fitted, [[1.0, 8.0, -0.5, 0.0], [2.0, 2.0, -2.0, 0.0]])


@pytest.mark.parametrize("lift", [0.0, -1.0, float("nan"), float("inf")])
def test_a_lift_that_makes_no_sense_is_refused(lift: float) -> None:
    with pytest.raises(ValueError, match="lift"):
        BalanceFit(lift=(lift, *[1.0] * (N_BANDS - 1)))


def test_the_generated_sample_has_no_such_habit_and_none_is_invented(
    small_world: SmallWorld,
) -> None:
    cut = small_world.cuts[0]
    assert learn_balance_fit(small_world.data, [cut], [POPULAR.fit(cut.train, seed=7)]) is None


def test_a_habit_of_spending_it_all_at_once_is_found(small_world: SmallWorld) -> None:
    """The same decisions, with the balance a little above what was paid: as where the balance
    is what somebody came to spend."""
    cut = small_world.cuts[0]
    bought = cut.cases.targets.indices
    assert len(bought) == cut.cases.n_cases, "one purchase a decision"
    spent = small_world.data.courses.price_rp[bought] + 1
    cut = replace(cut, cases=replace(cut.cases, balance_rp=spent))
    found = learn_balance_fit(small_world.data, [cut], [POPULAR.fit(cut.train, seed=7)])
    assert found is not None
    assert int(np.argmax(found.lift)) == N_BANDS - 1


def test_what_is_allowed_does_not_depend_on_it(small_world: SmallWorld) -> None:
    cut = small_world.cuts[1]
    plain = POPULAR.fit(cut.train, seed=7)
    fitted = replace(plain, balance_fit=BalanceFit(lift=tuple(np.linspace(0.5, 2, N_BANDS))))
    low, high = _asked(plain, 150_000), _asked(plain, 400_000)
    for policy in (plain, fitted):
        few = set(policy.recommend(low).item_idx.tolist())
        many = set(policy.recommend(high).item_idx.tolist())
        assert few < many
    assert set(plain.recommend(low).item_idx) == set(fitted.recommend(low).item_idx)


def _asked(policy: Policy, limit: int) -> RequestBatch:
    n_items = policy.courses.n_items
    batch = make_batch([[]], n_items=n_items)
    return make_requests(
        batch,
        balance_rp=np.array([limit]),
        has_balance=np.array([True]),
        count=np.array([n_items]),
        as_of_s=np.array([int(policy.courses.on_sale_from_s.max())]),
    )
