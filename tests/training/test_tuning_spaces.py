"""Every model that train compares can be tuned, and its defaults are among what may be tried."""

from __future__ import annotations

from dataclasses import replace

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from saldopas.features.errors import DataError
from saldopas.models.recommenders.members import MEMBERS
from saldopas.models.recommenders.registry import MODELS
from saldopas.training_pipeline.training.selection import AUTO, POPULARITY, PROFILE_POPULARITY
from saldopas.training_pipeline.tuning.plan import SPACES, space_of


def test_every_model_that_train_compares_has_a_space() -> None:
    assert {POPULARITY, PROFILE_POPULARITY, *AUTO} <= set(SPACES) <= set(MEMBERS)


@pytest.mark.parametrize("model", SPACES)
def test_the_defaults_lie_inside(model: str) -> None:
    plain = MODELS[model].config_type().model_dump()
    outside = {
        name: plain[name]
        for name, values in SPACES[model].parameters.items()
        if not values._contains(values.to_internal_repr(plain[name]))
    }
    assert not outside


@pytest.mark.parametrize("model", SPACES)
def test_both_ends_of_every_range_are_hyperparameters_that_the_model_takes(model: str) -> None:
    for name, values in SPACES[model].parameters.items():
        if isinstance(values, FloatDistribution | IntDistribution):
            ends: tuple[object, ...] = (values.low, values.high)
        else:
            assert isinstance(values, CategoricalDistribution)
            ends = values.choices
        for end in ends:
            assert getattr(MODELS[model].config_type.model_validate({name: end}), name) == end


def test_another_range_is_another_version() -> None:
    space = SPACES["popularity"]
    wider = replace(space, parameters={"half_life_days": FloatDistribution(1.0, 2_000.0, log=True)})
    assert wider.version != space.version
    assert replace(space, enough=99).version == space.version


def test_a_model_without_a_space_is_refused_with_the_names_that_have_one() -> None:
    with pytest.raises(DataError, match="'blend' has no search space; use --model auto or one of"):
        space_of("blend")
