"""Recommenders whose scores the native core sums, and those that it asks for their scores."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.batch import ParticipantBatch
from saldopas.features.encoding.sequences import kept_only
from saldopas.models.native import GivenScores, LinearModel, Part
from saldopas.models.recommenders.recommender import Recommender

READ = ("history", "profile")  # columns of `reads` of a `LinearModel`
NOTHING_GIVEN: NDArray[np.float32] = np.empty((0, 0, 0), np.float32)


@dataclass(frozen=True, eq=False)
class Scorer:
    """A recommender as the native core scores it: a weighted sum of parts.

    Attributes:
        native: the sum.
        factors: (n_levels, n_members) float32 weight of each member, by number of purchases.
        asked: members that are no part and compute their own scores, and their columns in
            `factors`; their scores are given to `native` in this order.
    """

    native: LinearModel
    factors: NDArray[np.float32]
    asked: tuple[tuple[int, Recommender], ...]

    @classmethod
    def of(cls, model: Recommender) -> Scorer:
        """The scorer of a fitted model."""
        members: tuple[Recommender, ...] = (model,)
        factors = np.ones((1, 1), np.float32)
        if isinstance(model, Weighted):
            members, factors = model.members, model.level_factors
        parts: list[Part] = []
        asked: list[tuple[int, Recommender]] = []
        for column, member in enumerate(members):
            if isinstance(member, Linear):
                parts.append(member.part)
            else:
                parts.append(GivenScores(len(asked)))
                asked.append((column, member))
        looks = np.array([[what in member.uses for what in READ] for member in members])
        reads = (factors != 0) @ looks
        return cls(LinearModel(parts, factors, reads), factors, tuple(asked))

    def given(self, batch: ParticipantBatch) -> NDArray[np.float32]:
        """(g, B, n_items) scores of the asked members; rows without a weight are 0."""
        scores = np.zeros((len(self.asked), batch.n_rows, batch.sequence.n_items), np.float32)
        level = np.minimum(batch.sequence.lengths, len(self.factors) - 1)
        for place, (column, member) in enumerate(self.asked):
            rows = np.flatnonzero(self.factors[level, column] > 0)
            if len(rows) > 0:
                whole = len(rows) == batch.n_rows
                scores[place, rows] = member.score(batch if whole else batch.take(rows))
        return scores

    def score(self, batch: ParticipantBatch) -> NDArray[np.float32]:
        """(B, n_items) float32 scores; 0 for courses that no part knows."""
        sequence, tokens = batch.sequence, batch.tokens
        return self.native.score(
            (sequence.indptr, sequence.item_idx),
            (tokens.indptr, tokens.indices),
            self.given(batch) if self.asked else NOTHING_GIVEN,
            sequence.n_items,
        )


@runtime_checkable
class Weighted(Protocol):
    """Several models as one."""

    @property
    def members(self) -> tuple[Recommender, ...]:
        """The models."""

    @property
    def level_factors(self) -> NDArray[np.float32]:
        """(n_levels, n_members) float32 weights by number of purchases, C order."""


class Summed:
    """Base of the recommenders whose scores the native core sums: `Linear` or `Weighted` ones."""

    def score(self, batch: ParticipantBatch) -> NDArray[np.float32]:
        """(B, n_items) float32; each row is summed in one fixed order, whatever else is asked."""
        return self.scorer.score(batch)

    @cached_property
    def scorer(self: Any) -> Scorer:
        """Made once; it keeps the model's arrays."""
        return Scorer.of(self)


class Linear(Summed):
    """Base of the recommenders that are one part."""

    @property
    @abstractmethod
    def part(self) -> Part:
        """What the native core sums."""


def scorers_of(models: Sequence[Recommender]) -> list[Scorer]:
    """The scorer of each model; one model has one scorer."""
    made: dict[int, Scorer] = {}
    for model in models:
        if id(model) not in made:
            made[id(model)] = model.scorer if isinstance(model, Summed) else Scorer.of(model)
    return [made[id(model)] for model in models]


def known_to(batch: ParticipantBatch, n_known: int) -> ParticipantBatch:
    """The batch over the first `n_known` courses."""
    if batch.sequence.n_items == n_known:
        return batch
    sequence = kept_only(batch.sequence, batch.sequence.item_idx < n_known)
    return ParticipantBatch(sequence.over(n_known), batch.tokens)
