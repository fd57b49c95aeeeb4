"""The contract of every model: fitted and immutable, scores from histories and profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.batch import ParticipantBatch
from saldopas.features.encoding.training_set import TrainingSet
from saldopas.features.tables.dataset_config import Frozen

State = dict[str, NDArray[Any]]


class Recommender(Protocol):
    """A fitted model. There is no unfitted state: `fit` and `from_state` are the only ways in.

    A score of exactly 0 says that the model knows nothing of this pair; the policy then asks the
    next model. Models never filter and never see a participant's id.
    """

    name: ClassVar[str]
    uses: ClassVar[frozenset[str]]  # of "history", "profile"
    config_type: ClassVar[type[Frozen]]

    @property
    def config(self) -> Frozen:
        """The hyperparameters it was fitted with."""

    @classmethod
    def fit(cls, config: Any, train: TrainingSet, *, seed: int) -> Self:
        """Fit on `train`; the same seed gives the same model."""

    def score(self, batch: ParticipantBatch) -> NDArray[np.float32]:
        """(B, n_items) float32, finite; a row depends on that row of the batch only."""

    def state(self) -> State:
        """Numeric arrays that `from_state` needs; no pickle, no text."""

    @classmethod
    def from_state(cls, config: Any, state: Mapping[str, NDArray[Any]]) -> Self:
        """The model whose `state()` this is; the arrays may be read-only memory maps."""
