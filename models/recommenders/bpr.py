"""BPR of implicit: pairwise ranking factors, participants folded in."""

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
    DIVERGED,
    LatentSpace,
    PurchaseFactors,
    minimise,
    recency_weights,
)
from saldopas.models.recommenders.recommender import State
from scipy.sparse import csr_matrix

if TYPE_CHECKING:
    from implicit.cpu.bpr import BayesianPersonalizedRanking


class BprConfig(Frozen):
    """Hyperparameters of `Bpr`."""

    factors: int = Field(default=64, ge=1)
    learning_rate: float = Field(default=0.05, gt=0, le=1)
    regularization: float = Field(default=0.01, ge=0)
    iterations: int = Field(default=50, ge=1)
    past_decay: float = Field(default=1.0, gt=0, le=1, description="weight of each older purchase")
    fold_in_l2: float = Field(
        default=0.1, gt=0, description="penalty of a participant's factors, for each purchase"
    )
    token_l2: float = Field(default=100.0, gt=0, description="participants; shrinks the tokens")


@dataclass(frozen=True)
class Bpr:
    """Bayesian personalised ranking (Rendle et al. 2009), fitted by implicit on one thread.

    The model stores no participant. With x = v u + b, w the weights of the courses s, m the
    expected u and j the rivals (implicit draws the other course of a pair by its purchases), a
    fold-in minimises f(u) = sum_s w_s (mean_j softplus(x_j - x_s) + l2/2 |u - m|^2), convex in u.
    The bound of `minimise` is the Hessian with 1/4 for every p (1 - p).
    """

    config: BprConfig
    space: LatentSpace

    name: ClassVar[str] = "bpr"
    uses: ClassVar[frozenset[str]] = frozenset({"history", "profile"})
    config_type: ClassVar[type[Frozen]] = BprConfig

    @classmethod
    def fit(cls, config: BprConfig, train: TrainingSet, *, seed: int) -> Self:
        """Fit by implicit and keep the latent space."""
        return cls.of_implicit(config, train, fit_implicit(config, train, seed=seed))

    @classmethod
    def of_implicit(
        cls, config: BprConfig, train: TrainingSet, fitted: BayesianPersonalizedRanking
    ) -> Self:
        """Build the latent space from the factors of implicit's model."""
        space = LatentSpace.of(
            train,
            items=fitted.item_factors[:, :-1],
            bias=fitted.item_factors[:, -1],
            people=fitted.user_factors[:, :-1],
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
    def from_state(cls, config: BprConfig, state: Mapping[str, NDArray[Any]]) -> Self:
        """Restore the model of `state`."""
        return cls(config, LatentSpace.from_state(state))

    def fold_in(
        self, bought: PurchaseFactors, expected: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(k,) float64 u; the minimisation starts at `expected`."""
        from scipy.special import expit  # only these models need it

        rivals, rival_bias = self.space.rival_factors, self.space.rival_bias
        total = float(bought.weights.sum())
        penalty = self.config.fold_in_l2 * total
        pair_weights = bought.weights[:, None] / len(rivals)
        cross = (bought.weights @ bought.factors)[:, None] * self.space.rival_mean
        bound = (bought.factors.T * bought.weights) @ bought.factors - cross - cross.T
        bound = (bound + total * self.space.rival_moment) / 4
        bound.flat[:: len(expected) + 1] += penalty

        def negative_gradient(user: NDArray[np.float64]) -> NDArray[np.float64]:
            ahead = (bought.factors @ user + bought.bias)[:, None] - (rivals @ user + rival_bias)
            wrong = expit(-ahead) * pair_weights  # (s, J)
            pull = wrong.sum(axis=1) @ bought.factors - wrong.sum(axis=0) @ rivals
            return np.asarray(pull - penalty * (user - expected))

        return minimise(bound, negative_gradient, expected)


def fit_implicit(
    config: BprConfig, train: TrainingSet, *, seed: int
) -> BayesianPersonalizedRanking:
    """Fit implicit's model on one thread; two threads race and are not reproducible.

    Raises:
        ValueError: the descent diverged.
    """
    from implicit.cpu.bpr import BayesianPersonalizedRanking  # a service does not load implicit
    from implicit.recommender_base import ModelFitError

    inputs = csr_matrix(train.participants.sequence.matrix())
    fitted = BayesianPersonalizedRanking(
        factors=config.factors,
        learning_rate=config.learning_rate,
        regularization=config.regularization,
        iterations=config.iterations if inputs.nnz else 0,  # the sampler needs a purchase
        random_state=seed,
        num_threads=1,
    )
    try:
        fitted.fit(inputs, show_progress=False)
    except ModelFitError as error:  # a factor is not a number
        raise ValueError(DIVERGED) from error
    return fitted
