"""ALS of implicit, with profile tokens as extra items and any history folded in by one solve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from saldopas.features.encoding.batch import ParticipantBatch
from saldopas.features.encoding.sequences import Sequences
from saldopas.features.encoding.training_set import TrainingSet
from saldopas.features.tables.dataset_config import Frozen
from saldopas.models.recommenders.factors import Known, known_rows, recency
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

    A participant is never stored: u = (V^T V + V_s^T (C - I) V_s + lambda I)^-1 V_s^T C 1 over the
    few courses and tokens s that are known of them (eq. 4). C is alpha times their weight, which of
    a course is past_decay^(newer purchases) (times it was bought)^repeat_power. Scores are V u,
    times how much more a course sells lately (`popularity.trend_factor`). With `regularization` and
    `alpha` this is the objective of Rendle et al. 2021 times alpha: an unobserved pair weighs
    1 / alpha beside an old purchase. Their penalty by frequency is not in implicit, whose penalty
    is one constant.
    """

    config: AlsConfig
    item_factors: NDArray[np.float32]  # (n_items, k)
    token_factors: NDArray[np.float32]  # (n_tokens, k)
    trend: NDArray[np.float32]  # (n_items,) what the scores of each course are multiplied by

    name: ClassVar[str] = "als"
    uses: ClassVar[frozenset[str]] = frozenset({"history", "profile"})
    config_type: ClassVar[type[Frozen]] = AlsConfig

    @classmethod
    def fit(cls, config: AlsConfig, train: TrainingSet, *, seed: int) -> Self:
        """See `fit_peer`."""
        return cls.of_peer(config, train, fit_peer(config, train, seed=seed))

    @classmethod
    def of_peer(cls, config: AlsConfig, train: TrainingSet, peer: AlternatingLeastSquares) -> Self:
        """What is kept of implicit's model; its participants' factors are not."""
        factors = np.asarray(peer.item_factors, np.float32)
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
        """(B, n_items); row by row, so that a batch equals its single requests to the bit."""
        weights = purchase_weights(self.config, batch.sequence)
        scores = np.zeros((batch.n_rows, len(self.item_factors)), np.float32)
        for row, known in enumerate(known_rows(batch, weights, bought=self._sold)):
            if len(known.items) + len(known.tokens) > 0:
                scores[row] = self.trend * (self.item_factors @ self._fold_in(known))
        return scores

    def terms(self, one: ParticipantBatch, items: NDArray[np.integer]) -> list[Term]:
        """Each purchase and token s: c_s v^T A^-1 v_s, A the matrix of the fold-in (Hu, sec. 5)."""
        weights = purchase_weights(self.config, one.sequence)
        known = next(iter(known_rows(one, weights, bought=self._sold)))
        confidence, chosen, matrix = self._system(known)
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
        """See `state`."""
        return cls(config, state["item_factors"], state["token_factors"], state["trend"])

    def _fold_in(self, known: Known) -> NDArray[np.float32]:
        """(k,) the user step of Hu et al. 2008, eq. 4."""
        confidence, chosen, matrix = self._system(known)
        return np.linalg.solve(matrix, chosen.T @ confidence).astype(np.float32)

    def _system(
        self, known: Known
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Confidences (s,), factors (s, k) of what is known, and the (k, k) matrix to solve."""
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


def purchase_weights(config: AlsConfig, sequence: Sequences) -> NDArray[np.float32]:
    """(E,) of each purchase, by its age and by how often the course was bought."""
    often = np.power(sequence.repeats.astype(np.float32), np.float32(config.repeat_power))
    return recency(sequence, config.past_decay) * often


def fit_peer(config: AlsConfig, train: TrainingSet, *, seed: int) -> AlternatingLeastSquares:
    """implicit's own model, with one BLAS thread and one of implicit's a core."""
    from implicit.cpu.als import AlternatingLeastSquares  # not in a service, which never fits

    people = train.participants
    bought = people.sequence.matrix(purchase_weights(config, people.sequence))
    tokens = people.profile * np.float32(config.token_weight)
    inputs = csr_matrix(hstack([bought, tokens], format="csr")).astype(np.float32)
    inputs.eliminate_zeros()
    with threadpool_limits(limits=1, user_api="blas"):  # two make it 2 to 4 times slower
        peer = AlternatingLeastSquares(
            factors=config.factors,
            regularization=config.regularization,
            alpha=config.alpha,
            iterations=config.iterations,
            random_state=seed,
            num_threads=0,
        )
        peer.fit(inputs, show_progress=False)
    return peer
