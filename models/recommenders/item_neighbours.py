"""Item-item neighbours with the weightings of implicit: cosine, TF-IDF or BM25."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from saldopas.features.encoding.batch import HISTORY_DECAY, ParticipantBatch, TrainingSet
from saldopas.features.tables.dataset_config import Frozen
from saldopas.models.native import Part, SparseRows
from saldopas.models.recommenders.linear import Linear
from saldopas.models.recommenders.recommender import State, Term, csr_from_state, csr_state
from scipy.sparse import csr_array, csr_matrix

WEIGHTINGS = {
    "cosine": "CosineRecommender",
    "tfidf": "TFIDFRecommender",
    "bm25": "BM25Recommender",
}


class ItemNeighboursConfig(Frozen):
    """Hyperparameters of `ItemNeighbours`."""

    weighting: Literal["cosine", "tfidf", "bm25"] = "tfidf"
    neighbours: int = Field(default=200, ge=1)


@dataclass(frozen=True)
class ItemNeighbours(Linear):
    """Recency-weighted history times item similarities (Sarwar et al. 2001).

    implicit computes the similarities. It neither ranks nor filters.
    """

    config: ItemNeighboursConfig
    similarity: csr_array  # (n_items, n_items) float32, no item beside itself

    name: ClassVar[str] = "item-neighbours"
    uses: ClassVar[frozenset[str]] = frozenset({"history"})
    config_type: ClassVar[type[Frozen]] = ItemNeighboursConfig

    @classmethod
    def fit(cls, config: ItemNeighboursConfig, train: TrainingSet, *, seed: int) -> Self:
        """Compute the similarities of the binary purchases; `seed` is not used."""
        from implicit import nearest_neighbours  # a service does not load implicit

        fitted = getattr(nearest_neighbours, WEIGHTINGS[config.weighting])(
            K=config.neighbours + 1, num_threads=1
        )
        with warnings.catch_warnings():  # implicit warns of its own conversion
            warnings.simplefilter("ignore")
            fitted.fit(csr_matrix(train.participants.sequence.matrix()), show_progress=False)
        similarity = csr_array(fitted.similarity).astype(np.float32)
        similarity.setdiag(0)
        similarity.eliminate_zeros()
        return cls(config, similarity.sorted_indices())

    @property
    def part(self) -> Part:
        """Rows of similarities, weighted as `ParticipantBatch.history`."""
        rows = self.similarity
        return SparseRows((rows.indptr, rows.indices, rows.data), decay=HISTORY_DECAY)

    def terms(self, one: ParticipantBatch, items: NDArray[np.integer]) -> list[Term]:
        """Return one term a purchased course."""
        history = one.history
        return [
            Term("history", int(item), weight * self._to(int(item), items))
            for item, weight in zip(history.indices, history.data.astype(np.float64), strict=True)
        ]

    def _to(self, item: int, items: NDArray[np.integer]) -> NDArray[np.float64]:
        """(K,) float64 similarity of an item to K items."""
        row = np.zeros(self.similarity.shape[1])
        start, end = self.similarity.indptr[item : item + 2]
        row[self.similarity.indices[start:end]] = self.similarity.data[start:end]
        return np.asarray(row[items])

    def state(self) -> State:
        """The similarity matrix."""
        return csr_state("", self.similarity)

    @classmethod
    def from_state(cls, config: ItemNeighboursConfig, state: Mapping[str, NDArray[Any]]) -> Self:
        """Restore the model of `state`."""
        n_items = len(state["indptr"]) - 1
        return cls(config, csr_from_state(state, "", shape=(n_items, n_items)))
