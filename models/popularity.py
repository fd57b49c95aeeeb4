"""What sells now: purchases counted with a weight that halves every `half_life_days`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.batch import ParticipantBatch
from features.dataset_config import Frozen
from features.training_set import TrainingSet
from models.recommender import State

DAY_S = 86_400
TINY = 1e-12


class PopularityConfig(Frozen):
    """Hyperparameters of `TimeDecayedPopularity`."""

    half_life_days: float | None = Field(default=30.0, gt=0, description="None: no decay")


@dataclass(frozen=True)
class TimeDecayedPopularity:
    """The decayed share of all purchases, the same for everybody.

    score_i = sum over purchases of i of 2^(-age / half life), divided by the same sum over all.
    """

    config: PopularityConfig
    share: NDArray[np.float32]  # (n_items,)

    name: ClassVar[str] = "popularity"
    uses: ClassVar[frozenset[str]] = frozenset()
    config_type: ClassVar[type[Frozen]] = PopularityConfig

    @classmethod
    def fit(cls, config: PopularityConfig, train: TrainingSet, *, seed: int) -> Self:
        """Count purchases; `seed` is not needed."""
        return cls(config, decayed_share(train, config.half_life_days).astype(np.float32))

    def score(self, batch: ParticipantBatch) -> NDArray[np.float32]:
        """(B, n_items) the same row for everybody."""
        return np.tile(self.share, (batch.n_rows, 1))

    def state(self) -> State:
        """`share`: (n_items,) float32."""
        return {"share": self.share}

    @classmethod
    def from_state(cls, config: PopularityConfig, state: Mapping[str, NDArray[Any]]) -> Self:
        """See `state`."""
        return cls(config, state["share"])


def purchase_weights(train: TrainingSet, half_life_days: float | None) -> NDArray[np.float64]:
    """(E,) weight of each purchase by its age at the cut-off, mean 1, so that sums count purchases.

    Ones where there is no calendar.
    """
    at_s = train.participants.sequence.at_s
    if half_life_days is None or train.dates_are_order_only:
        return np.ones(len(at_s))
    age_days = np.maximum(train.as_of_s - at_s, 0) / DAY_S
    weights = np.exp2(-age_days / half_life_days)
    return np.asarray(weights / max(float(weights.mean()) if len(weights) else 1.0, TINY))


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
