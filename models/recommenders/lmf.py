"""LMF of implicit: factors of the probability of a purchase, participants folded in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from saldopas.features.encoding.batch import ParticipantBatch, TrainingSet
from saldopas.features.tables.dataset_config import Frozen
from saldopas.models.recommenders.factors import (
    LatentSpace,
    PurchaseFactors,
    minimise,
    recency_weights,
)
from saldopas.models.recommenders.recommender import State
from scipy.sparse import csr_matrix

if TYPE_CHECKING:
    from implicit.cpu.lmf import LogisticMatrixFactorization


class LmfConfig(Frozen):
    """Hyperparameters of `Lmf`."""

    factors: int = Field(default=32, ge=1)
    alpha: float = Field(default=1.0, gt=0, le=1e5, description="confidence of a purchase")
    learning_rate: float = Field(default=1.0, gt=0, le=10)
    regularization: float = Field(default=0.6, ge=0)
    iterations: int = Field(default=30, ge=1)
    negatives: int = Field(default=30, ge=1, description="other courses for each purchase")
    past_decay: float = Field(default=1.0, gt=0, le=1, description="weight of each older purchase")
    fold_in_l2: float = Field(default=2.0, gt=0, description="penalty of a participant's factors")
    token_l2: float = Field(default=100.0, gt=0, description="participants; shrinks the tokens")


@dataclass(frozen=True)
class Lmf:
    """Logistic matrix factorisation (Johnson 2014), fitted by implicit on one thread.

    The model stores no participant. With x = v u + b (one factor of every course is 1, so that u
    holds the participant's bias), m the expected u, c alpha times the weights, N the number of
    other courses that implicit draws by their purchases, and j the rivals, a fold-in minimises
    f(u) = sum_s c_s softplus(-x_s) + N mean_j softplus(x_j) + l2/2 |u - m|^2, convex in u. The
    bound of `minimise` is the Hessian with 1/4 for every p (1 - p).
    """

    config: LmfConfig
    space: LatentSpace

    name: ClassVar[str] = "lmf"
    uses: ClassVar[frozenset[str]] = frozenset({"history", "profile"})
    config_type: ClassVar[type[Frozen]] = LmfConfig

    @classmethod
    def fit(cls, config: LmfConfig, train: TrainingSet, *, seed: int) -> Self:
        """Fit by implicit and keep the latent space."""
        return cls.of_implicit(config, train, fit_implicit(config, train, seed=seed))

    @classmethod
    def of_implicit(
        cls, config: LmfConfig, train: TrainingSet, fitted: LogisticMatrixFactorization
    ) -> Self:
        """Build the latent space from the factors of implicit's model."""
        # implicit has k + 2 columns: the last but one is the bias of courses (1 for participants),
        # the last one is the bias of participants (1 for courses)
        space = LatentSpace.of(
            train,
            items=np.delete(fitted.item_factors, -2, axis=1),
            bias=fitted.item_factors[:, -2],
            people=np.delete(fitted.user_factors, -2, axis=1),
            token_l2=config.token_l2,
        )
        return cls(config, space)

    def score(self, batch: ParticipantBatch) -> NDArray[np.float32]:
        """(B, n_items) float32, see `LatentSpace.score`."""
        weights = recency_weights(batch.sequence, self.config.past_decay)
        return self.space.score(batch, weights, self.fold_in)

    def state(self) -> State:
        """The latent space."""
        return self.space.state()

    @classmethod
    def from_state(cls, config: LmfConfig, state: Mapping[str, NDArray[Any]]) -> Self:
        """Restore the model of `state`."""
        return cls(config, LatentSpace.from_state(state))

    def fold_in(
        self, bought: PurchaseFactors, expected: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(k + 1,) float64 u; the minimisation starts at `expected`."""
        from scipy.special import expit  # only these models need it

        rivals, rival_bias = self.space.rival_factors, self.space.rival_bias
        penalty = self.config.fold_in_l2
        confidence = self.config.alpha * bought.weights
        # implicit limits the draws of a participant to its number of columns
        n_drawn = min(self.config.factors + 2, len(confidence) * self.config.negatives)
        bound = (bought.factors.T * confidence) @ bought.factors
        bound = (bound + n_drawn * self.space.rival_moment) / 4
        bound.flat[:: len(expected) + 1] += penalty

        def negative_gradient(user: NDArray[np.float64]) -> NDArray[np.float64]:
            missed = confidence * expit(-(bought.factors @ user + bought.bias))
            wrong = expit(rivals @ user + rival_bias) * (n_drawn / len(rivals))
            pull = missed @ bought.factors - wrong @ rivals
            return np.asarray(pull - penalty * (user - expected))

        return minimise(bound, negative_gradient, expected)


def fit_implicit(
    config: LmfConfig, train: TrainingSet, *, seed: int
) -> LogisticMatrixFactorization:
    """Fit implicit's model by AdaGrad on one thread; its draws depend on their number."""
    from implicit.cpu.lmf import LogisticMatrixFactorization  # a service does not load implicit

    sequence = train.participants.sequence
    inputs = csr_matrix(
        sequence.matrix(config.alpha * recency_weights(sequence, config.past_decay))
    )
    fitted = LogisticMatrixFactorization(
        factors=config.factors,
        learning_rate=config.learning_rate,
        regularization=config.regularization,
        iterations=config.iterations if inputs.nnz else 0,  # the sampler needs a purchase
        neg_prop=config.negatives,
        random_state=seed,
        num_threads=1,
    )
    fitted.fit(inputs, show_progress=False)
    return fitted
