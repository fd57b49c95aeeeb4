"""What sells now: purchases counted with a weight that halves every `half_life_days`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from saldopas.features.encoding.batch import ParticipantBatch
from saldopas.features.encoding.training_set import TrainingSet
from saldopas.features.seconds import DAY_S
from saldopas.features.tables.dataset_config import Frozen
from saldopas.models.native.kernel import Summed
from saldopas.models.native.kernel_parts import Part, same_for_all
from saldopas.models.recommenders.course_prior import TINY, course_levels, expected_sales, exposure
from saldopas.models.recommenders.recommender import State
from saldopas.models.recommenders.season import season_factor
from saldopas.models.recommenders.terms import Term


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
class TimeDecayedPopularity(Summed):
    """The decayed share of all purchases, the same for everybody, from a prior for new courses.

    n_i is the sum over purchases of i of 2^(-age / half life), scaled to count purchases; e_i the
    share of all purchases that were made while i was on sale; lambda_i what courses like it sell
    (`course_prior`). The prior weighs c = `prior_strength` / mean n, as much exposure as an
    average course needs to sell that often; the Gamma-Poisson posterior mean is

        score_i ~ (n_i + c lambda_i) / (e_i^age_power + c) * season_i,

    normalised: lambda_i for a course that nobody could buy yet, the rate n_i / e_i for one that
    sold a lot. With `prior_strength`, `age_power` and `season_power` 0 it is n_i over all n.
    """

    config: PopularityConfig
    share: NDArray[np.float32]  # (n_items,)

    name: ClassVar[str] = "popularity"
    uses: ClassVar[frozenset[str]] = frozenset()
    config_type: ClassVar[type[Frozen]] = PopularityConfig

    @classmethod
    def fit(cls, config: PopularityConfig, train: TrainingSet, *, seed: int) -> Self:
        """Count purchases; `seed` is not needed."""
        return cls(config, expected_share(config, train).astype(np.float32))

    @property
    def part(self) -> Part:
        """The same row for everybody."""
        return same_for_all(self.share)

    def terms(self, one: ParticipantBatch, items: NDArray[np.integer]) -> list[Term]:
        """A single one."""
        return [Term("popular", -1, self.share[items].astype(np.float64))]

    def state(self) -> State:
        """`share`: (n_items,) float32."""
        return {"share": self.share}

    @classmethod
    def from_state(cls, config: PopularityConfig, state: Mapping[str, NDArray[Any]]) -> Self:
        """See `state`."""
        return cls(config, state["share"])


def expected_share(config: PopularityConfig, train: TrainingSet) -> NDArray[np.float64]:
    """(n_items,) see `TimeDecayedPopularity`; zeros where nothing was bought at all."""
    weights = purchase_weights(train, config.half_life_days)
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


def purchase_weights(train: TrainingSet, half_life_days: float | None) -> NDArray[np.float64]:
    """(E,) weight of each purchase by its age beside the newest, mean 1: sums count purchases.

    Only ratios matter, and they do not fade while nothing is bought. Ones where there is no
    calendar.
    """
    at_s = train.participants.sequence.at_s
    if half_life_days is None or train.dates_are_order_only or len(at_s) == 0:
        return np.ones(len(at_s))
    age_days = (at_s.max() - at_s) / DAY_S
    weights = np.exp2(-age_days / half_life_days)
    return np.asarray(weights / weights.mean())


def decayed_share(train: TrainingSet, half_life_days: float | None) -> NDArray[np.float64]:
    """(n_items,) share of the decayed purchases; zeros where nothing was bought."""
    weights = purchase_weights(train, half_life_days)
    items = train.participants.sequence.item_idx
    counts = np.bincount(items, weights=weights, minlength=train.n_items)
    return np.asarray(counts / max(float(counts.sum()), TINY))


def trend_factor(
    train: TrainingSet, *, half_life_days: float, power: float, strength: float
) -> NDArray[np.float64]:
    """(n_items,) how much more a course sells lately than over all: (recent / all)^power.

    Both are counts of purchases, the recent ones decayed and scaled to the same total; `strength`
    purchases of the recent, effective size are added to both, so that few say little.
    """
    if power == 0 or train.dates_are_order_only:
        return np.ones(train.n_items)
    items = train.participants.sequence.item_idx
    weights = purchase_weights(train, half_life_days)
    counts = np.bincount(items, minlength=train.n_items)
    recent = np.bincount(items, weights=weights, minlength=train.n_items)
    prior = strength * float(weights.max(initial=1.0))  # one recent purchase weighs this much
    return np.asarray(np.power((recent + prior) / (counts + prior), power))
