"""The contract of a recommender: fit, score, terms of a score, and the arrays of a fitted model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.batch import ParticipantBatch, TrainingSet
from saldopas.features.tables.dataset_config import Frozen
from scipy.sparse import csr_array

State = dict[str, NDArray[Any]]
TermKind = Literal["history", "profile", "people", "popular", "taste", "balance"]


class Recommender(Protocol):
    """A fitted, immutable model; `fit` and `from_state` are the only ways to make one.

    A score of exactly 0 says that the model knows nothing of this participant and course; the
    policy then asks its next stage. A model never filters and never sees a participant's id.

    Attributes:
        name: key of the registry.
        uses: the inputs that the model reads, of "history" and "profile".
        config_type: class of its hyperparameters.
    """

    name: ClassVar[str]
    uses: ClassVar[frozenset[str]]
    config_type: ClassVar[type[Frozen]]

    @property
    def config(self) -> Frozen:
        """The hyperparameters of the fit."""

    @classmethod
    def fit(cls, config: Any, train: TrainingSet, *, seed: int) -> Self:
        """Fit on `train`; the same seed gives the same model."""

    def score(self, batch: ParticipantBatch) -> NDArray[np.float32]:
        """(B, n_items) float32, finite; a row depends on that row of the batch only."""

    def state(self) -> State:
        """Numeric arrays for `from_state`; no pickle, no text."""

    @classmethod
    def from_state(cls, config: Any, state: Mapping[str, NDArray[Any]]) -> Self:
        """Restore the model of `state`; the arrays may be read-only memory maps."""


@dataclass(frozen=True)
class Term:
    """One part of the scores of K courses for one participant.

    Attributes:
        kind: `history` an earlier course, `profile` a profile token, `people` the purchases of
            people of the same profile beyond the average, `popular` the purchases of everybody,
            `taste` a part that the model cannot split further, `balance` the fit of the price to
            the balance.
        ref: item index of the earlier course, token index, or -1.
        values: (K,) float64; the sum over all terms is the score.
    """

    kind: TermKind
    ref: int
    values: NDArray[np.float64]

    def times(self, factor: float) -> Term:
        """The term of a score that is multiplied by `factor`."""
        return Term(self.kind, self.ref, self.values * factor)


@runtime_checkable
class Additive(Protocol):
    """A model that splits its scores into terms."""

    def terms(self, one: ParticipantBatch, items: NDArray[np.integer]) -> list[Term]:
        """Terms of the scores of (K,) `items` for the participant of a batch of one."""


def terms_of(model: Recommender, one: ParticipantBatch, items: NDArray[np.integer]) -> list[Term]:
    """Split the scores of K courses into terms; a single `taste` where the model cannot.

    Args:
        model: a fitted model.
        one: a batch of one participant.
        items: (K,) item indices.

    Returns:
        One term for each kind and reference, in order of appearance.
    """
    if not isinstance(model, Additive):
        return [Term("taste", -1, model.score(one)[0, items].astype(np.float64))]
    merged: dict[tuple[TermKind, int], Term] = {}
    for term in model.terms(one, items):
        key = (term.kind, term.ref)
        before = merged.get(key)
        values = term.values if before is None else before.values + term.values
        merged[key] = Term(term.kind, term.ref, values)
    return list(merged.values())


def csr_state(prefix: str, matrix: csr_array, *, binary: bool = False) -> State:
    """The arrays of a sparse matrix, their names beginning with `prefix`.

    Args:
        prefix: such as "similarity_".
        matrix: float32 or int32 values.
        binary: every value is 1 and is not stored.

    Returns:
        `indptr` int64, `indices` int32 and, unless binary, `data`.
    """
    arrays = {
        f"{prefix}indptr": matrix.indptr.astype(np.int64),
        f"{prefix}indices": matrix.indices.astype(np.int32),
    }
    return arrays if binary else {**arrays, f"{prefix}data": matrix.data}


def csr_from_state(
    state: Mapping[str, NDArray[Any]], prefix: str, *, shape: tuple[int, int]
) -> csr_array:
    """The matrix over the arrays of `csr_state`, which stay memory maps that processes share.

    `indptr` is copied to int32: scipy wants one type for both index arrays and would otherwise
    copy `indices` to int64.
    """
    indices, indptr = state[f"{prefix}indices"], state[f"{prefix}indptr"]
    data = state.get(f"{prefix}data")
    if data is None:
        data = np.broadcast_to(np.float32(1), len(indices))
    if len(indices) <= np.iinfo(np.int32).max:
        indptr = indptr.astype(np.int32)
    return csr_array((data, indices, indptr), shape=shape)
