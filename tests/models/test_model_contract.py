"""What every registered model keeps; a new model is tested by its line in the registry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from saldopas.models.recommenders.recommender import Recommender, terms_of
from saldopas.models.recommenders.registry import MODELS

from tests.made import checkerboard, make_batch, make_courses, make_training

N_ITEMS = 20
COURSES = make_courses([1_000 * (i + 1) for i in range(N_ITEMS)])
PEOPLE = checkerboard(N_ITEMS)
TOKENS = [[person % 2] for person in range(len(PEOPLE))]
TRAIN = make_training(PEOPLE, COURSES, tokens=TOKENS)
HISTORIES = [[], [0], [1, 3], [4, 2, 6], [0, 1, 2, 3, 4], [7], []]
BATCH = make_batch(HISTORIES, n_items=N_ITEMS, tokens=[[], [0], [1], [0], [], [2], [1]])
RIDGE = {"model": "sequence-ridge", "config": {"min_purchases": 1, "l2": 5.0}}
SMALL: dict[str, Any] = {
    "min_purchases": 1,
    "l2": 5.0,
    "factors": 8,
    "members": (RIDGE, {"model": "popularity"}),
}


def fit(name: str, seed: int = 7) -> Recommender:
    model = MODELS[name]
    small = {key: value for key, value in SMALL.items() if key in model.config_type.model_fields}
    return model.fit(model.config_type(**small), TRAIN, seed=seed)


@pytest.fixture(params=sorted(MODELS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_scores_are_finite_float32_of_the_right_shape(name: str) -> None:
    scores = fit(name).score(BATCH)
    assert scores.shape == (len(HISTORIES), N_ITEMS)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()


def test_a_batch_equals_its_single_requests_to_the_bit(name: str) -> None:
    model = fit(name)
    together = model.score(BATCH)
    alone = [model.score(BATCH.take(np.array([row])))[0] for row in range(BATCH.n_rows)]
    np.testing.assert_array_equal(together, np.stack(alone))


def test_an_empty_batch_has_no_rows(name: str) -> None:
    assert fit(name).score(BATCH.take(np.empty(0, int))).shape == (0, N_ITEMS)


def test_its_state_makes_the_same_model(name: str) -> None:
    model = fit(name)
    state = {key: np.array(value) for key, value in model.state().items()}
    for array in state.values():
        array.flags.writeable = False
        assert array.dtype != object
    again = MODELS[name].from_state(model.config, state)
    np.testing.assert_array_equal(model.score(BATCH), again.score(BATCH))


def test_the_same_seed_gives_the_same_scores(name: str) -> None:
    np.testing.assert_array_equal(fit(name).score(BATCH), fit(name).score(BATCH))


def test_scoring_changes_nothing_in_the_batch(name: str) -> None:
    before = BATCH.history.toarray().copy(), BATCH.profile.toarray().copy()
    fit(name).score(BATCH)
    np.testing.assert_array_equal(before[0], BATCH.history.toarray())
    np.testing.assert_array_equal(before[1], BATCH.profile.toarray())


def test_a_checkerboard_is_continued_in_its_colour(name: str) -> None:
    if "history" not in MODELS[name].uses:
        pytest.skip(f"{name} does not look at histories")
    scores = fit(name).score(make_batch([[0, 2, 4], [1, 3, 5]], n_items=N_ITEMS))
    for row, owned in enumerate(([0, 2, 4], [1, 3, 5])):
        free = [item for item in range(N_ITEMS) if item not in owned]
        best = sorted(free, key=lambda item: -scores[row, item])[:5]
        assert all(item % 2 == row for item in best), f"row {row} got {best}"


def test_a_profile_is_enough_where_the_model_uses_it(name: str) -> None:
    if "profile" not in MODELS[name].uses:
        pytest.skip(f"{name} does not look at profiles")
    scores = fit(name).score(make_batch([[], []], n_items=N_ITEMS, tokens=[[0], [1]]))
    best = np.argsort(-scores, axis=1)[:, :5]
    assert (best[0] % 2 == 0).all(), f"group a buys even courses, was told {best[0]}"
    assert (best[1] % 2 == 1).all(), f"group b buys odd courses, was told {best[1]}"


def test_unknown_hyperparameters_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no_such_key"):
        MODELS[name].config_type.model_validate({"no_such_key": 1})


def test_its_terms_add_up_to_its_scores(name: str) -> None:
    model = fit(name)
    items = np.arange(N_ITEMS)
    for row in range(BATCH.n_rows):
        one = BATCH.take(np.array([row]))
        terms = terms_of(model, one, items)
        total = np.sum([term.values for term in terms], axis=0) if terms else np.zeros(N_ITEMS)
        np.testing.assert_allclose(total, model.score(one)[0], rtol=1e-4, atol=1e-6)
