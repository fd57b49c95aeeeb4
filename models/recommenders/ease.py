"""EASE with profile tokens as extra items: closed-form weights of purchase sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from saldopas.features.encoding.batch import ParticipantBatch, TrainingSet
from saldopas.features.tables.dataset_config import Frozen
from saldopas.models.native import Part
from saldopas.models.recommenders.closed_form import (
    ItemWeights,
    cosine_similarity,
    dense_product,
    inputs_of,
    inputs_to_keep,
    ridge_inverse,
    self_excluding_weights,
)
from saldopas.models.recommenders.linear import Linear
from saldopas.models.recommenders.recommender import State, Term
from saldopas.models.recommenders.sales import trend_factor


class EaseConfig(Frozen):
    """Hyperparameters of `Ease`."""

    l2: float = Field(default=300.0, gt=0)
    l2_diagonal: float = Field(
        default=0.0, ge=0, description="penalty as a share of the Gram diagonal (Steck 2020)"
    )
    token_weight: float = Field(default=1.0, gt=0)
    neighbour_weight: float = Field(
        default=0.0, ge=0, description="weight of cosine similarities beside the solved weights"
    )
    trend_half_life_days: float = Field(default=30.0, gt=0)
    trend_power: float = Field(
        default=0.0, ge=0, le=2, description="scores times (recent purchases / all)^power"
    )
    trend_strength: float = Field(default=20.0, gt=0, description="prior purchases of the trend")
    min_purchases: int = Field(default=5, ge=1)
    memory_mb: int = Field(default=4_000, ge=1, description="of the matrices of a fit")


@dataclass(frozen=True)
class Ease(Linear):
    """Embarrassingly shallow autoencoder (Steck 2019), side information as items (Jeunen 2020).

    With X the binary purchases beside the weighted tokens, G = X^T X and P = (G + Lambda)^-1:
    B_ij = -P_ij / P_jj off the diagonal, 0 on it; scores are x B. Lambda = l2 + l2_diagonal diag G.
    With neighbour_weight a, a G_ij / sqrt(G_ii G_jj) of the courses is added (Sarwar et al. 2001).
    """

    config: EaseConfig
    weights: ItemWeights

    name: ClassVar[str] = "ease"
    uses: ClassVar[frozenset[str]] = frozenset({"history", "profile"})
    config_type: ClassVar[type[Frozen]] = EaseConfig

    @classmethod
    def fit(cls, config: EaseConfig, train: TrainingSet, *, seed: int) -> Self:
        """Solve for the weights by one Gram matrix and one inverse; `seed` is not used."""
        people = train.participants
        kept = inputs_to_keep(train, min_purchases=config.min_purchases, memory_mb=config.memory_mb)
        m = len(kept.items)
        inputs = inputs_of(
            people.sequence.matrix(), people.profile, kept=kept, token_weight=config.token_weight
        )
        gram = dense_product(inputs, inputs)
        cosine = config.neighbour_weight and cosine_similarity(gram[:m, :m])
        inverse = ridge_inverse(gram, config.l2 + config.l2_diagonal * np.diag(gram).copy())
        solved = self_excluding_weights(inverse, m)
        solved[:m] += config.neighbour_weight * cosine
        solved *= trend_factor(
            train,
            half_life_days=config.trend_half_life_days,
            power=config.trend_power,
            strength=config.trend_strength,
        )[kept.items]
        return cls(config, ItemWeights.of_solved(kept, solved, train))

    @property
    def part(self) -> Part:
        """Binary histories and profile tokens."""
        return self.weights.part(token_weight=self.config.token_weight)

    def terms(self, one: ParticipantBatch, items: NDArray[np.integer]) -> list[Term]:
        """Return one term a purchased course and a profile token."""
        ones = np.ones(len(one.sequence.item_idx), np.float32)
        weight = self.config.token_weight
        return self.weights.terms(one.sequence, ones, one.profile, token_weight=weight, items=items)

    def state(self) -> State:
        """The item weights."""
        return self.weights.state()

    @classmethod
    def from_state(cls, config: EaseConfig, state: Mapping[str, NDArray[Any]]) -> Self:
        """Restore the model of `state`."""
        return cls(config, ItemWeights.from_state(state))
