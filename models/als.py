"""ALS of implicit, with profile tokens as extra items and any history folded in by one solve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_array, csr_matrix, hstack
from threadpoolctl import threadpool_limits

from features.batch import ParticipantBatch
from features.dataset_config import Frozen
from features.training_set import TrainingSet
from models.recommender import State


class AlsConfig(Frozen):
    """Hyperparameters of `Als`."""

    factors: int = Field(default=64, ge=1)
    regularization: float = Field(default=1.0, gt=0)
    alpha: float = Field(default=10.0, gt=0, description="confidence of a purchase")
    iterations: int = Field(default=15, ge=1)
    token_weight: float = Field(
        default=0.3, ge=0, description="a token's confidence is this share of alpha"
    )


@dataclass(frozen=True)
class Als:
    """Implicit-feedback matrix factorisation (Hu et al. 2008).

    A participant is never stored: u = (V^T V + V_s^T (C - I) V_s + lambda I)^-1 V_s^T C 1 over the
    few courses and tokens s that are known of them, C = alpha times their weight; scores are V u.
    """

    config: AlsConfig
    item_factors: NDArray[np.float32]  # (n_items, k)
    token_factors: NDArray[np.float32]  # (n_tokens, k)

    name: ClassVar[str] = "als"
    uses: ClassVar[frozenset[str]] = frozenset({"history", "profile"})
    config_type: ClassVar[type[Frozen]] = AlsConfig

    @classmethod
    def fit(cls, config: AlsConfig, train: TrainingSet, *, seed: int) -> Self:
        """Alternate with one BLAS thread and one of implicit's a core."""
        people = train.participants
        tokens = people.profile * np.float32(config.token_weight)
        inputs = csr_matrix(hstack([people.sequence.matrix(), tokens], format="csr"))
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
            peer.fit(inputs.astype(np.float32), show_progress=False)
        factors = np.asarray(peer.item_factors, np.float32)
        bought = np.bincount(people.sequence.item_idx, minlength=train.n_items) > 0
        items = factors[: train.n_items] * bought[:, None]
        return cls(config, np.ascontiguousarray(items), factors[train.n_items :].copy())

    def score(self, batch: ParticipantBatch) -> NDArray[np.float32]:
        """(B, n_items); row by row, so that a batch equals its single requests to the bit."""
        weights = hstack(
            [batch.sequence.matrix(), batch.profile * np.float32(self.config.token_weight)],
            format="csr",
        )
        known = csr_array(weights)
        scores = np.empty((batch.n_rows, len(self.item_factors)), np.float32)
        for row in range(batch.n_rows):
            start, end = known.indptr[row : row + 2]
            user = self._fold_in(known.indices[start:end], known.data[start:end])
            scores[row] = self.item_factors @ user
        return scores

    def state(self) -> State:
        """Item and token factors."""
        return {"item_factors": self.item_factors, "token_factors": self.token_factors}

    @classmethod
    def from_state(cls, config: AlsConfig, state: Mapping[str, NDArray[Any]]) -> Self:
        """See `state`."""
        return cls(config, state["item_factors"], state["token_factors"])

    def _fold_in(
        self, columns: NDArray[np.integer], weights: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """(k,) the user step of Hu et al. 2008, eq. 4."""
        confidence = self.config.alpha * weights.astype(np.float64)
        chosen = self._factors[columns]
        matrix = self._gram + (chosen.T * (confidence - 1.0)) @ chosen
        return np.linalg.solve(matrix, chosen.T @ confidence).astype(np.float32)

    @cached_property
    def _factors(self) -> NDArray[np.float64]:
        return np.concatenate([self.item_factors, self.token_factors]).astype(np.float64)

    @cached_property
    def _gram(self) -> NDArray[np.float64]:
        factors = self._factors
        return factors.T @ factors + self.config.regularization * np.eye(factors.shape[1])
