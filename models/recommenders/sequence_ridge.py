"""Ridge from the recency-weighted past and the profile to the weighted future (SLIST family)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from saldopas.features.encoding.batch import ParticipantBatch, TrainingSet
from saldopas.features.encoding.sequences import Sequences, ragged_ranges
from saldopas.features.tables.dataset_config import Frozen
from saldopas.models.native import Part
from saldopas.models.recommenders.closed_form import (
    Inputs,
    ItemWeights,
    dense_product,
    inputs_of,
    inputs_to_keep,
    ridge_inverse,
    without_own_weight,
)
from saldopas.models.recommenders.factors import recency_weights
from saldopas.models.recommenders.linear import Linear
from saldopas.models.recommenders.recommender import State, Term
from saldopas.models.recommenders.sales import trend_factor
from scipy.sparse import csr_array

MAX_CELLS_PER_BLOCK = 2_000_000  # entries of the pasts and futures of a block


class SequenceRidgeConfig(Frozen):
    """Hyperparameters of `SequenceRidge`."""

    past_decay: float = Field(default=0.7, gt=0, le=1, description="weight of each older purchase")
    future_decay: float = Field(default=0.5, gt=0, le=1, description="weight of each later target")
    window: int = Field(default=20, ge=1, description="purchases looked at to either side")
    length_power: float = Field(
        default=0.5, ge=0, le=2, description="a history of length L weighs L^-length_power"
    )
    set_weight: float = Field(
        default=0.0, ge=0, description="weight of order-free co-occurrence beside the order"
    )
    l2: float = Field(default=30.0, gt=0)
    l2_diagonal: float = Field(
        default=0.3, ge=0, description="penalty as a share of the Gram diagonal (Steck 2020)"
    )
    token_weight: float = Field(default=1.0, gt=0)
    popularity_power: float = Field(
        default=0.1, ge=0, le=1, description="targets are divided by (purchases + 10)^power"
    )
    trend_half_life_days: float = Field(default=30.0, gt=0)
    trend_power: float = Field(
        default=0.0, ge=0, le=2, description="targets times (recent share / share)^power"
    )
    trend_strength: float = Field(default=20.0, gt=0, description="prior purchases of the trend")
    min_purchases: int = Field(default=5, ge=1)
    memory_mb: int = Field(default=4_000, ge=1, description="of the matrices of a fit")


@dataclass(frozen=True)
class SequenceRidge(Linear):
    """Closed-form sequence model with profile tokens beside the past.

    Each history is cut after t = 0, 1, ... purchases. X holds the pasts (weight past_decay^age)
    beside the profile tokens, Y the futures (future_decay^distance), W the row weights. Then
    B = (X^T W X + Lambda)^-1 X^T W Y with a zero weight of each item on itself: SLIT and, with
    set_weight, SLIS (Choi et al. 2021, eq. 10-12). Lambda = l2 + l2_diagonal diag(X^T W X) is the
    dropout penalty of Steck 2020. The cut at t = 0 learns the first purchases of each profile.

    Repeated purchases: a fit places a course at its first purchase and counts ages over distinct
    courses, as only first purchases are recommended. A score places it at its newest purchase and
    counts ages over all purchases. With past_decay 1/2, the history a, b, a has the weights a 1/2,
    b 1 in a fit and a 1, b 1/2 in a score.
    """

    config: SequenceRidgeConfig
    weights: ItemWeights

    name: ClassVar[str] = "sequence-ridge"
    uses: ClassVar[frozenset[str]] = frozenset({"history", "profile"})
    config_type: ClassVar[type[Frozen]] = SequenceRidgeConfig

    @classmethod
    def fit(cls, config: SequenceRidgeConfig, train: TrainingSet, *, seed: int) -> Self:
        """Solve for the weights by two Gram matrices and one inverse; `seed` is not used."""
        return cls(config, _solve(config, train))

    @property
    def part(self) -> Part:
        """Recency-weighted histories and profile tokens."""
        return self.weights.part(
            token_weight=self.config.token_weight, decay=self.config.past_decay
        )

    def terms(self, one: ParticipantBatch, items: NDArray[np.integer]) -> list[Term]:
        """Return one term a purchased course and a profile token."""
        return self.weights.terms(
            one.sequence,
            recency_weights(one.sequence, self.config.past_decay),
            one.profile,
            token_weight=self.config.token_weight,
            items=items,
        )

    def state(self) -> State:
        """The item weights."""
        return self.weights.state()

    @classmethod
    def from_state(cls, config: SequenceRidgeConfig, state: Mapping[str, NDArray[Any]]) -> Self:
        """Restore the model of `state`.

        Raises:
            ValueError: an earlier release fitted it without the newest purchases.
        """
        if np.any(state.get("newest_trust", 1.0) != 1.0):
            raise ValueError("sequence-ridge was fitted by a release that distrusted new purchases")
        return cls(config, ItemWeights.from_state(state))


def _solve(config: SequenceRidgeConfig, train: TrainingSet) -> ItemWeights:
    kept = inputs_to_keep(train, min_purchases=config.min_purchases, memory_mb=config.memory_mb)
    gram, target = _normal_equations(config, train, kept)
    inverse = ridge_inverse(gram, config.l2 + config.l2_diagonal * np.diag(gram).copy())
    solved = without_own_weight(inverse, inverse @ target)
    solved *= _target_factor(config, train)[kept.items]
    return ItemWeights.of_solved(kept, solved, train)


def _normal_equations(
    config: SequenceRidgeConfig, train: TrainingSet, kept: Inputs
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """X^T W X (d, d) and X^T W Y (d, m) float64, summed over blocks of participants."""
    m = len(kept.items)
    gram, target = np.zeros((kept.side, kept.side)), np.zeros((kept.side, m))
    for block in _blocks(train.participants, config.window):
        first = first_purchases(block.sequence)
        past, future, row_of = cuts(first, config)
        weight = np.power(np.maximum(first.lengths, 1.0), -config.length_power)
        inputs = inputs_of(past, block.profile[row_of], kept=kept, token_weight=config.token_weight)
        weighted = _scale_rows(inputs, weight[row_of])
        gram += dense_product(inputs, weighted)
        target += dense_product(weighted, future[:, kept.items])
        if config.set_weight > 0:
            sets = inputs_of(
                first.matrix(), block.profile, kept=kept, token_weight=config.token_weight
            )
            both = dense_product(sets, _scale_rows(sets, config.set_weight * weight))
            gram += both
            target += both[:, :m]
    return gram, target


def cuts(
    sequences: Sequences, config: SequenceRidgeConfig
) -> tuple[csr_array, csr_array, NDArray[np.int64]]:
    """Cut every history before each of its purchases.

    Returns:
        The pasts (C, n_items) and futures (C, n_items) float32, one row a cut, and the row (C,) of
        the participant of each cut.
    """
    row_of = sequences.rows
    event = np.arange(len(row_of))
    before = np.minimum(event - sequences.indptr[row_of], config.window)
    after = np.minimum(sequences.indptr[row_of + 1] - event, config.window)
    past_events = ragged_ranges(event - before, before)
    past_age = np.repeat(event, before) - 1 - past_events
    future_events = ragged_ranges(event, after)
    distance = future_events - np.repeat(event, after)
    return (
        _ragged_matrix(sequences, past_events, before, config.past_decay, past_age),
        _ragged_matrix(sequences, future_events, after, config.future_decay, distance),
        row_of,
    )


def first_purchases(sequences: Sequences) -> Sequences:
    """Keep the first purchase of each course of a row."""
    keys = sequences.rows * np.int64(sequences.n_items) + sequences.item_idx
    _, first = np.unique(keys, return_index=True)
    keep = np.sort(first)
    counts = np.bincount(sequences.rows[keep], minlength=sequences.n_rows)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Sequences(indptr, sequences.item_idx[keep], sequences.at_s[keep], sequences.n_items)


def _ragged_matrix(
    sequences: Sequences,
    events: NDArray[np.int64],
    lengths: NDArray[np.int64],
    decay: float,
    steps: NDArray[np.int64],
) -> csr_array:
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    weights = np.power(np.float32(decay), steps).astype(np.float32)
    shape = (len(lengths), sequences.n_items)
    return csr_array((weights, sequences.item_idx[events], indptr), shape=shape)


def _scale_rows(matrix: csr_array, weight: NDArray[np.float64]) -> csr_array:
    data = matrix.data * np.repeat(weight, np.diff(matrix.indptr))
    return csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _blocks(people: ParticipantBatch, window: int) -> Iterator[ParticipantBatch]:
    """Split the participants into blocks of about `MAX_CELLS_PER_BLOCK` entries of their cuts."""
    lengths = people.sequence.lengths.astype(np.int64)
    cells = np.cumsum(lengths * np.minimum(lengths, window) + 1)
    block_of = cells // MAX_CELLS_PER_BLOCK
    for rows in np.split(np.arange(people.n_rows), np.flatnonzero(np.diff(block_of)) + 1):
        if len(rows) > 0:
            yield people.take(rows)


def _target_factor(config: SequenceRidgeConfig, train: TrainingSet) -> NDArray[np.float64]:
    """(n_items,) float64 factor of the weights towards each item: rarity times trend."""
    counts = np.bincount(train.participants.sequence.item_idx, minlength=train.n_items)
    rarity = np.power(counts + 10.0, -config.popularity_power)
    trend = trend_factor(
        train,
        half_life_days=config.trend_half_life_days,
        power=config.trend_power,
        strength=config.trend_strength,
    )
    return np.asarray(rarity * trend)
