"""Popularity: the decayed sales rate of each course, with a prior for new courses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from saldopas.features.encoding.batch import ParticipantBatch, TrainingSet
from saldopas.features.tables.dataset_config import Frozen
from saldopas.models.native import FixedScores, Part
from saldopas.models.recommenders.linear import Linear
from saldopas.models.recommenders.recommender import State, Term
from saldopas.models.recommenders.sales import (
    course_levels,
    decayed_weights,
    expected_sales,
    exposure,
    season_factor,
)


class PopularityConfig(Frozen):
    """Hyperparameters of `TimeDecayedPopularity`."""

    half_life_days: float | None = Field(default=30.0, gt=0, description="None: no decay")
    prior_strength: float = Field(
        default=3.0, ge=0, description="purchases that a course's features are worth; 0: none"
    )
    level_strength: float = Field(
        default=10.0, gt=0, description="courses that hold an effect of category ... at none"
    )
    age_power: float = Field(
        default=1.0, ge=0, le=1, description="0: counts, 1: rate while on sale"
    )
    season_power: float = Field(default=0.0, ge=0, le=1, description="0: no season")
    season_days: float = Field(default=30.0, gt=0, description="length of the window a year ago")
    season_strength: float = Field(default=20.0, gt=0, description="purchases of a season of none")


@dataclass(frozen=True)
class TimeDecayedPopularity(Linear):
    """Posterior mean of each course's share of the purchases, the same for every participant.

    n_i is the sum of 2^(-age / half life) over the purchases of i, scaled to count purchases. e_i
    is the share of all purchases that were made while i was on sale. lambda_i is
    `sales.expected_sales`. The prior weighs c = `prior_strength` / mean n, the exposure that an
    average course needs to sell that often. The Gamma-Poisson posterior mean is

        score_i ~ (n_i + c lambda_i) / (e_i^age_power + c) * season_i,

    normalised. It is lambda_i for a course that nobody could buy yet, and the rate n_i / e_i for a
    course with many purchases. With `prior_strength`, `age_power` and `season_power` 0 it is the
    decayed share n_i / sum n.
    """

    config: PopularityConfig
    share: NDArray[np.float32]  # (n_items,)

    name: ClassVar[str] = "popularity"
    uses: ClassVar[frozenset[str]] = frozenset()
    config_type: ClassVar[type[Frozen]] = PopularityConfig

    @classmethod
    def fit(cls, config: PopularityConfig, train: TrainingSet, *, seed: int) -> Self:
        """Count the purchases; `seed` is not used."""
        return cls(config, expected_share(config, train).astype(np.float32))

    @property
    def part(self) -> Part:
        """The same row for every participant."""
        return FixedScores(self.share)

    def terms(self, one: ParticipantBatch, items: NDArray[np.integer]) -> list[Term]:
        """Return one `popular` term."""
        return [Term("popular", -1, self.share[items].astype(np.float64))]

    def state(self) -> State:
        """`share`: (n_items,) float32."""
        return {"share": self.share}

    @classmethod
    def from_state(cls, config: PopularityConfig, state: Mapping[str, NDArray[Any]]) -> Self:
        """Restore the model of `state`."""
        return cls(config, state["share"])


def expected_share(config: PopularityConfig, train: TrainingSet) -> NDArray[np.float64]:
    """(n_items,) float64, see `TimeDecayedPopularity`; zeros where nothing was bought."""
    weights = decayed_weights(train, config.half_life_days)
    counts = np.asarray(
        np.bincount(train.participants.sequence.item_idx, weights, train.n_items), float
    )
    if counts.sum() == 0:
        return counts
    exposures = exposure(train, weights)
    sold, open_to = counts, exposures**config.age_power
    if config.prior_strength > 0:
        expected = expected_sales(
            counts,
            exposures,
            course_levels(train),
            level_strength=config.level_strength,
        )
        prior = config.prior_strength / counts.mean()
        sold = sold + prior * expected
        open_to = open_to + prior
    season = season_factor(
        train,
        window_days=config.season_days,
        power=config.season_power,
        strength=config.season_strength,
    )
    score = sold / open_to * season
    return np.asarray(score / score.sum())
