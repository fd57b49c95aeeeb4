"""A score as a sum of terms, each with something that can be said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.batch import ParticipantBatch
from saldopas.models.recommenders.recommender import Recommender

Kind = Literal["history", "profile", "people", "popular", "taste", "balance"]


@dataclass(frozen=True)
class Term:
    """One part of the scores of K courses for one participant.

    Attributes:
        kind: `history` an earlier course, `profile` a profile token, `people` what people of the
            same profile took beyond the average, `popular` what everybody takes, `taste` a part
            that a model cannot split further, `balance` how the price stands to the balance.
        ref: item index of the earlier course, token index, or -1.
        values: (K,) float64; over all terms they add up to the scores.
    """

    kind: Kind
    ref: int
    values: NDArray[np.float64]

    def times(self, factor: float) -> Term:
        """The same part of a score that is multiplied."""
        return Term(self.kind, self.ref, self.values * factor)


@runtime_checkable
class Additive(Protocol):
    """A model whose scores are sums with a meaning."""

    def terms(self, one: ParticipantBatch, items: NDArray[np.integer]) -> list[Term]:
        """Terms of the scores of K `items` for the participant of a batch of one."""


def terms_of(model: Recommender, one: ParticipantBatch, items: NDArray[np.integer]) -> list[Term]:
    """The model's terms; a single `taste` where it has none.

    Args:
        model: a fitted model; one: a batch of one; items: (K,) item indices.
    """
    if isinstance(model, Additive):
        return merged(model.terms(one, items))
    return [Term("taste", -1, model.score(one)[0, items].astype(np.float64))]


def merged(terms: list[Term]) -> list[Term]:
    """Terms of the same kind and reference as one, in order of appearance."""
    found: dict[tuple[Kind, int], Term] = {}
    for term in terms:
        key = (term.kind, term.ref)
        before = found.get(key)
        values = term.values if before is None else before.values + term.values
        found[key] = Term(term.kind, term.ref, values)
    return list(found.values())
