"""LMF of implicit: factors of a purchase's probability, with any history folded in."""

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
from saldopas.models.recommenders.factors import LatentSpace, Purchased, minimised, recency
from saldopas.models.recommenders.recommender import State
from scipy.sparse import csr_matrix
from scipy.special import expit

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

    A participant is never stored. With x = v u + b, where one factor of every course is 1 so that
    u holds the participant's bias, m the expected u, c = alpha times the weights and N the number
    of other courses that implicit draws by how often they were bought, what is minimised is
    f(u) = sum_s c_s softplus(-x_s) + N mean_j softplus(x_j) + l2/2 |u - m|^2, convex in u.
    `minimised` gets the Hessian with 1/4 for every p (1 - p) as its bound; j runs over the space's
    rivals.
    """

    config: LmfConfig
    space: LatentSpace

    name: ClassVar[str] = "lmf"
    uses: ClassVar[frozenset[str]] = frozenset({"history", "profile"})
    config_type: ClassVar[type[Frozen]] = LmfConfig

    @classmethod
    def fit(cls, config: LmfConfig, train: TrainingSet, *, seed: int) -> Self:
        """See `fit_peer`."""
        return cls.of_peer(config, train, fit_peer(config, train, seed=seed))

    @classmethod
    def of_peer(
        cls, config: LmfConfig, train: TrainingSet, peer: LogisticMatrixFactorization
    ) -> Self:
        """What is kept of implicit's model; its participants' factors are not."""
        # of implicit's k + 2 columns the last but one holds the courses' bias beside the
        # participants' 1, the last one the participants' bias beside the courses' 1
        space = LatentSpace.of(
            train,
            items=np.delete(peer.item_factors, -2, axis=1),
            bias=peer.item_factors[:, -2],
            people=np.delete(peer.user_factors, -2, axis=1),
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
    def from_state(cls, config: LmfConfig, state: Mapping[str, NDArray[Any]]) -> Self:
        """See `state`."""
        return cls(config, LatentSpace.from_state(state))

    def _fold_in(self, bought: Purchased, expected: NDArray[np.float64]) -> NDArray[np.float64]:
        """(k + 1,) u, from `expected` on."""
        rivals, rival_bias = self.space.rival_factors, self.space.rival_bias
        penalty = self.config.fold_in_l2
        confidence = self.config.alpha * bought.weights
        # implicit bounds the number of its draws by the number of its columns
        n_drawn = min(self.config.factors + 2, len(confidence) * self.config.negatives)
        bound = (bought.factors.T * confidence) @ bought.factors
        bound = (bound + n_drawn * self.space.rival_moment) / 4
        bound.flat[:: len(expected) + 1] += penalty

        def uphill(user: NDArray[np.float64]) -> NDArray[np.float64]:
            missed = confidence * expit(-(bought.factors @ user + bought.bias))
            wrong = expit(rivals @ user + rival_bias) * (n_drawn / len(rivals))
            pull = missed @ bought.factors - wrong @ rivals
            return np.asarray(pull - penalty * (user - expected))

        return minimised(bound, uphill, expected)


def fit_peer(config: LmfConfig, train: TrainingSet, *, seed: int) -> LogisticMatrixFactorization:
    """implicit's own model, by AdaGrad; its draws depend on the number of threads, so one."""
    from implicit.cpu.lmf import LogisticMatrixFactorization  # not in a service, which never fits

    sequence = train.participants.sequence
    inputs = csr_matrix(sequence.matrix(config.alpha * recency(sequence, config.past_decay)))
    peer = LogisticMatrixFactorization(
        factors=config.factors,
        learning_rate=config.learning_rate,
        regularization=config.regularization,
        iterations=config.iterations if inputs.nnz else 0,  # its sampler needs a purchase
        neg_prop=config.negatives,
        random_state=seed,
        num_threads=1,
    )
    peer.fit(inputs, show_progress=False)
    return peer
