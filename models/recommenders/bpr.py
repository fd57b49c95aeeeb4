"""BPR of implicit: pairwise ranking factors, with any history folded in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from saldopas.features.encoding.batch import ParticipantBatch
from saldopas.features.encoding.training_set import TrainingSet
from saldopas.features.tables.dataset_config import Frozen
from saldopas.models.recommenders.factors import (
    DIVERGED,
    LatentSpace,
    Purchased,
    minimised,
    recency,
)
from saldopas.models.recommenders.recommender import State
from scipy.sparse import csr_matrix
from scipy.special import expit

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

    A participant is never stored. implicit draws the other course j of a pair by how often it was
    bought; so, with x = v u + b and m the expected u, what is minimised for a participant is
    f(u) = sum_s w_s (mean_j softplus(x_j - x_s) + l2/2 |u - m|^2), convex in u. `minimised`
    gets the Hessian with 1/4 for every p (1 - p) as its bound; j runs over the space's rivals.
    """

    config: BprConfig
    space: LatentSpace

    name: ClassVar[str] = "bpr"
    uses: ClassVar[frozenset[str]] = frozenset({"history", "profile"})
    config_type: ClassVar[type[Frozen]] = BprConfig

    @classmethod
    def fit(cls, config: BprConfig, train: TrainingSet, *, seed: int) -> Self:
        """See `fit_peer`."""
        return cls.of_peer(config, train, fit_peer(config, train, seed=seed))

    @classmethod
    def of_peer(
        cls, config: BprConfig, train: TrainingSet, peer: BayesianPersonalizedRanking
    ) -> Self:
        """What is kept of implicit's model; its participants' factors are not."""
        space = LatentSpace.of(
            train,
            items=peer.item_factors[:, :-1],
            bias=peer.item_factors[:, -1],
            people=peer.user_factors[:, :-1],
            token_l2=config.token_l2,
        )
        return cls(config, space)

    def score(self, batch: ParticipantBatch) -> NDArray[np.float32]:
        """(B, n_items); see `LatentSpace.score`."""
        weights = recency(batch.sequence, self.config.past_decay)
        return self.space.score(batch, weights, self._fold_in)

    def state(self) -> State:
        """The latent space."""
        return self.space.state()

    @classmethod
    def from_state(cls, config: BprConfig, state: Mapping[str, NDArray[Any]]) -> Self:
        """See `state`."""
        return cls(config, LatentSpace.from_state(state))

    def _fold_in(self, bought: Purchased, expected: NDArray[np.float64]) -> NDArray[np.float64]:
        """(k,) u, from `expected` on."""
        rivals, rival_bias = self.space.rival_factors, self.space.rival_bias
        total = float(bought.weights.sum())
        penalty = self.config.fold_in_l2 * total
        pair_weights = bought.weights[:, None] / len(rivals)
        cross = (bought.weights @ bought.factors)[:, None] * self.space.rival_mean
        bound = (bought.factors.T * bought.weights) @ bought.factors - cross - cross.T
        bound = (bound + total * self.space.rival_moment) / 4
        bound.flat[:: len(expected) + 1] += penalty

        def uphill(user: NDArray[np.float64]) -> NDArray[np.float64]:
            ahead = (bought.factors @ user + bought.bias)[:, None] - (rivals @ user + rival_bias)
            wrong = expit(-ahead) * pair_weights  # (s, J)
            pull = wrong.sum(axis=1) @ bought.factors - wrong.sum(axis=0) @ rivals
            return np.asarray(pull - penalty * (user - expected))

        return minimised(bound, uphill, expected)


def fit_peer(config: BprConfig, train: TrainingSet, *, seed: int) -> BayesianPersonalizedRanking:
    """implicit's own model; two threads would race, and no two fits would agree.

    Raises:
        ValueError: the descent diverged.
    """
    from implicit.cpu.bpr import BayesianPersonalizedRanking  # not in a service, which never fits
    from implicit.recommender_base import ModelFitError

    inputs = csr_matrix(train.participants.sequence.matrix())
    peer = BayesianPersonalizedRanking(
        factors=config.factors,
        learning_rate=config.learning_rate,
        regularization=config.regularization,
        iterations=config.iterations if inputs.nnz else 0,  # its sampler needs a purchase
        random_state=seed,
        num_threads=1,
    )
    try:
        peer.fit(inputs, show_progress=False)
    except ModelFitError as error:  # no numbers any more
        raise ValueError(DIVERGED) from error
    return peer
