"""ALS of implicit, with profile tokens as extra items and participants folded in by one solve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from saldopas.features.encoding.batch import ParticipantBatch, TrainingSet
from saldopas.features.encoding.sequences import Sequences
from saldopas.features.tables.dataset_config import Frozen
from saldopas.models.recommenders.factors import (
    ParticipantInputs,
    participant_inputs,
    recency_weights,
)
from saldopas.models.recommenders.recommender import State, Term
from saldopas.models.recommenders.sales import trend_factor
from scipy.sparse import csr_matrix, hstack
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from implicit.cpu.als import AlternatingLeastSquares


class AlsConfig(Frozen):
    """Hyperparameters of `Als`."""

    factors: int = Field(default=128, ge=1)
    regularization: float = Field(default=1.0, gt=0)
    alpha: float = Field(default=10.0, gt=0, le=1e5, description="confidence of a purchase")
    iterations: int = Field(default=15, ge=1)
    past_decay: float = Field(default=1.0, gt=0, le=1, description="weight of each older purchase")
    repeat_power: float = Field(
        default=0.5, ge=0, le=2, description="a course bought c times weighs c^repeat_power"
    )
    token_weight: float = Field(
        default=0.3, ge=0, description="a token's confidence is this share of alpha"
    )
    trend_half_life_days: float = Field(default=10.0, gt=0)
    trend_power: float = Field(
        default=0.5, ge=0, le=2, description="scores times (recent purchases / all)^power"
    )
    trend_strength: float = Field(default=20.0, gt=0, description="prior purchases of the trend")


@dataclass(frozen=True)
class Als:
    """Implicit-feedback matrix factorisation (Hu et al. 2008).

    The model stores no participant. The factors of one are solved from the known courses and tokens
    s (eq. 4): u = (V^T V + V_s^T (C - I) V_s + lambda I)^-1 V_s^T C 1. C is alpha times the weight,
    which is past_decay^(newer purchases) (times bought)^repeat_power for a course. Scores are V u
    times `sales.trend_factor`. The objective is that of Rendle et al. 2021 times alpha: an
    unobserved pair weighs 1 / alpha. implicit lacks their penalty by frequency.
    """

    config: AlsConfig
    item_factors: NDArray[np.float32]  # (n_items, k)
    token_factors: NDArray[np.float32]  # (n_tokens, k)
    trend: NDArray[np.float32]  # (n_items,) factor of the scores

    name: ClassVar[str] = "als"
    uses: ClassVar[frozenset[str]] = frozenset({"history", "profile"})
    config_type: ClassVar[type[Frozen]] = AlsConfig

    @classmethod
    def fit(cls, config: AlsConfig, train: TrainingSet, *, seed: int) -> Self:
        """Fit by implicit and keep the factors of courses and tokens."""
        return cls.of_implicit(config, train, fit_implicit(config, train, seed=seed))

    @classmethod
    def of_implicit(
        cls, config: AlsConfig, train: TrainingSet, fitted: AlternatingLeastSquares
    ) -> Self:
        """Take the factors of courses and tokens out of implicit's model."""
        factors = np.asarray(fitted.item_factors, np.float32)
        sold = np.bincount(train.participants.sequence.item_idx, minlength=train.n_items) > 0
        items = factors[: train.n_items] * sold[:, None]
        trend = trend_factor(
            train,
            half_life_days=config.trend_half_life_days,
            power=config.trend_power,
            strength=config.trend_strength,
        )
        return cls(
            config,
            np.ascontiguousarray(items),
            factors[train.n_items :].copy(),
            trend.astype(np.float32),
        )

    def score(self, batch: ParticipantBatch) -> NDArray[np.float32]:
        """(B, n_items) float32; row by row, so that a batch equals its single requests."""
        weights = confidence_weights(self.config, batch.sequence)
        scores = np.zeros((batch.n_rows, len(self.item_factors)), np.float32)
        for row, known in enumerate(participant_inputs(batch, weights, bought=self._sold)):
            if len(known.items) + len(known.tokens) > 0:
                scores[row] = self.trend * (self.item_factors @ self.fold_in(known))
        return scores

    def terms(self, one: ParticipantBatch, items: NDArray[np.integer]) -> list[Term]:
        """One term c_s v^T A^-1 v_s a purchase or token s, A the matrix of the fold-in (sec. 5)."""
        weights = confidence_weights(self.config, one.sequence)
        known = next(iter(participant_inputs(one, weights, bought=self._sold)))
        confidence, chosen, matrix = self._normal_equations(known)
        parts = np.linalg.solve(matrix, chosen.T * confidence)  # (k, purchases and tokens)
        values = (self.trend[items, None] * self.item_factors[items].astype(np.float64)) @ parts
        n_items = len(known.items)
        earlier = [
            Term("history", int(ref), values[:, place]) for place, ref in enumerate(known.items)
        ]
        return earlier + [
            Term("profile", int(ref), values[:, n_items + place])
            for place, ref in enumerate(known.tokens)
        ]

    def state(self) -> State:
        """Item and token factors, and the trend."""
        return {
            "item_factors": self.item_factors,
            "token_factors": self.token_factors,
            "trend": self.trend,
        }

    @classmethod
    def from_state(cls, config: AlsConfig, state: Mapping[str, NDArray[Any]]) -> Self:
        """Restore the model of `state`."""
        return cls(config, state["item_factors"], state["token_factors"], state["trend"])

    def fold_in(self, known: ParticipantInputs) -> NDArray[np.float32]:
        """(k,) float32, the user step of Hu et al. 2008, eq. 4."""
        confidence, chosen, matrix = self._normal_equations(known)
        return np.linalg.solve(matrix, chosen.T @ confidence).astype(np.float32)

    def _normal_equations(
        self, known: ParticipantInputs
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Confidences (s,) and factors (s, k) of the inputs, and the (k, k) matrix to solve."""
        share = np.full(len(known.tokens), self.config.token_weight)
        confidence = self.config.alpha * np.concatenate([known.weights, share])
        chosen = self._factors[np.concatenate([known.items, known.tokens + len(self.item_factors)])]
        matrix = self._gram + (chosen.T * (confidence - 1.0)) @ chosen
        return confidence, chosen, matrix

    @cached_property
    def _sold(self) -> NDArray[np.bool_]:
        return np.asarray(self.item_factors.any(axis=1))

    @cached_property
    def _factors(self) -> NDArray[np.float64]:
        return np.concatenate([self.item_factors, self.token_factors]).astype(np.float64)

    @cached_property
    def _gram(self) -> NDArray[np.float64]:
        factors = self._factors
        return factors.T @ factors + self.config.regularization * np.eye(factors.shape[1])


def confidence_weights(config: AlsConfig, sequence: Sequences) -> NDArray[np.float32]:
    """(E,) float32 of each purchase, by its age and the number of purchases of its course."""
    often = np.power(sequence.repeats.astype(np.float32), np.float32(config.repeat_power))
    return recency_weights(sequence, config.past_decay) * often


def fit_implicit(config: AlsConfig, train: TrainingSet, *, seed: int) -> AlternatingLeastSquares:
    """Fit implicit's model with one BLAS thread and one thread of implicit a core."""
    from implicit.cpu.als import AlternatingLeastSquares  # a service does not load implicit

    people = train.participants
    bought = people.sequence.matrix(confidence_weights(config, people.sequence))
    tokens = people.profile * np.float32(config.token_weight)
    inputs = csr_matrix(hstack([bought, tokens], format="csr")).astype(np.float32)
    inputs.eliminate_zeros()
    with threadpool_limits(limits=1, user_api="blas"):  # two BLAS threads are 2 to 4 times slower
        fitted = AlternatingLeastSquares(
            factors=config.factors,
            regularization=config.regularization,
            alpha=config.alpha,
            iterations=config.iterations,
            random_state=seed,
            num_threads=0,
        )
        fitted.fit(inputs, show_progress=False)
    return fitted
