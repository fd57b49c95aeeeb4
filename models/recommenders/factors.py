"""Latent factors of courses and profile tokens; participants are folded in when they ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.batch import ParticipantBatch, TrainingSet
from saldopas.features.encoding.sequences import Sequences, newest_weights
from saldopas.features.errors import FitError
from saldopas.models.recommenders.recommender import State

N_RIVALS = 256
N_FOLD_IN_STEPS = 10
MAX_FACTOR = 1e4  # a descent with a larger factor has diverged
DIVERGED = "the factors diverged: lower learning_rate or regularization"


class ParticipantInputs(NamedTuple):
    """The s purchased courses and t profile tokens of one participant that the model knows."""

    items: NDArray[np.int32]  # (s,)
    weights: NDArray[np.float32]  # (s,)
    tokens: NDArray[np.int32]  # (t,)


class PurchaseFactors(NamedTuple):
    """Factors (s, k), bias (s,) and weights (s,), float64, of one participant's s courses."""

    factors: NDArray[np.float64]
    bias: NDArray[np.float64]
    weights: NDArray[np.float64]


FoldIn = Callable[[PurchaseFactors, NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class LatentSpace:
    """Scores v_i u + b_i, where u is solved for each participant from history and profile.

    Without a purchase, u is `typical` plus the factors of the profile's tokens. A course without a
    purchase in training has v = 0 and b = 0.

    Attributes:
        items: (n_items, k) float32 v; bias: (n_items,) float32 b.
        typical: (k,) float32 mean of the training participants' factors.
        tokens: (n_tokens, k) float32 effect of each token on u.
        rivals: (J,) int32 sample of courses, by their share of the purchases, that represents all
            other courses in a fold-in.
    """

    items: NDArray[np.float32]
    bias: NDArray[np.float32]
    typical: NDArray[np.float32]
    tokens: NDArray[np.float32]
    rivals: NDArray[np.int32]

    @classmethod
    def of(
        cls,
        train: TrainingSet,
        *,
        items: NDArray[np.float32],
        bias: NDArray[np.float32],
        people: NDArray[np.float32],
        token_l2: float,
    ) -> Self:
        """Build the space from factors that were fitted on `train`.

        Args:
            train: the training set, P participants.
            items: (n_items, k) factors of courses.
            bias: (n_items,) bias of courses.
            people: (P, k) factors of participants; only their mean and the effects of tokens stay.
            token_l2: ridge penalty of the effects, in participants.

        Raises:
            ValueError: the descent diverged.
        """
        if not all(np.abs(part).max(initial=0) < MAX_FACTOR for part in (items, bias, people)):
            raise ValueError(DIVERGED)
        counts = np.bincount(train.participants.sequence.item_idx, minlength=train.n_items)
        bought = counts > 0
        typical = people.mean(axis=0, dtype=np.float64) if len(people) else np.zeros(items.shape[1])
        return cls(
            items=np.ascontiguousarray(items * bought[:, None], np.float32),
            bias=np.ascontiguousarray(bias * bought, np.float32),
            typical=typical.astype(np.float32),
            tokens=token_factors(train.participants, people - typical, l2=token_l2),
            rivals=sample_by_share(counts, N_RIVALS),
        )

    def score(
        self, batch: ParticipantBatch, weights: NDArray[np.float32], fold_in: FoldIn
    ) -> NDArray[np.float32]:
        """Score row by row, so that a batch equals its single requests to the bit.

        Args:
            batch: B participants.
            weights: (E,) float32 of their events.
            fold_in: gives u (k,) of the purchases and of the u that is expected without them.

        Returns:
            (B, n_items) float32; 0 for a row without a known purchase or token.
        """
        scores = np.zeros((batch.n_rows, len(self.items)), np.float32)
        for row, known in enumerate(participant_inputs(batch, weights, bought=self.bought)):
            if len(known.items) + len(known.tokens) == 0:
                continue
            user = self.expected(known.tokens)
            if len(known.items) > 0:
                user = fold_in(self.factors_of(known), user)
            scores[row] = self.items @ user.astype(np.float32) + self.bias
        return scores

    def expected(self, tokens: NDArray[np.int32]) -> NDArray[np.float64]:
        """(k,) float64 u of a participant with these tokens before the first purchase."""
        return np.asarray(self.typical + self.tokens[tokens].sum(axis=0, dtype=np.float64))

    def factors_of(self, known: ParticipantInputs) -> PurchaseFactors:
        """The factors of one participant's courses."""
        return PurchaseFactors(
            self.items[known.items].astype(np.float64),
            self.bias[known.items].astype(np.float64),
            known.weights.astype(np.float64),
        )

    @cached_property
    def bought(self) -> NDArray[np.bool_]:
        """(n_items,) whether the course has factors."""
        return np.asarray(self.items.any(axis=1))

    @cached_property
    def rival_factors(self) -> NDArray[np.float64]:
        """(J, k)."""
        return self.items[self.rivals].astype(np.float64)

    @cached_property
    def rival_bias(self) -> NDArray[np.float64]:
        """(J,)."""
        return self.bias[self.rivals].astype(np.float64)

    @cached_property
    def rival_mean(self) -> NDArray[np.float64]:
        """(k,) mean of v over the rivals."""
        return np.asarray(self.rival_factors.mean(axis=0))

    @cached_property
    def rival_moment(self) -> NDArray[np.float64]:
        """(k, k) mean of v v^T over the rivals."""
        return self.rival_factors.T @ self.rival_factors / max(len(self.rivals), 1)

    def state(self) -> State:
        """Arrays of `from_state`."""
        return {
            "items": self.items,
            "bias": self.bias,
            "typical": self.typical,
            "tokens": self.tokens,
            "rivals": self.rivals,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Restore the space of `state`."""
        return cls(
            **{name: state[name] for name in ("items", "bias", "typical", "tokens", "rivals")}
        )


def participant_inputs(
    batch: ParticipantBatch, weights: NDArray[np.float32], *, bought: NDArray[np.bool_]
) -> Iterator[ParticipantInputs]:
    """Give the known courses of each row, with the weight of the newest purchase, and its tokens.

    Args:
        batch: B participants.
        weights: (E,) float32 of their events; a course of weight 0 is left out.
        bought: (n_items,) whether the model knows the course.
    """
    indptr, items, values = newest_weights(batch.sequence, weights)
    keep = bought[items] & (values > 0)
    profile = batch.profile
    for row in range(batch.n_rows):
        events = slice(indptr[row], indptr[row + 1])
        kept = keep[events]
        tokens = profile.indices[profile.indptr[row] : profile.indptr[row + 1]]
        yield ParticipantInputs(items[events][kept], values[events][kept], tokens)


def recency_weights(sequence: Sequences, past_decay: float) -> NDArray[np.float32]:
    """(E,) float32 past_decay^(newer purchases of the participant), 1 for the newest."""
    return np.power(np.float32(past_decay), sequence.age_in_row).astype(np.float32)


def minimise(
    bound: NDArray[np.float64],
    negative_gradient: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    start: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Minimise a convex loss by `N_FOLD_IN_STEPS` steps u += bound^-1 negative_gradient(u).

    No step raises the loss, as `bound` is nowhere less than its Hessian.

    Args:
        bound: (k, k) float64, positive definite.
        negative_gradient: (k,) of u.
        start: (k,) the first u.

    Returns:
        (k,) float64.

    Raises:
        FitError: `bound` is not positive definite.

    Source:
        Boehning & Lindsay 1988.
    """
    from scipy.linalg import lapack  # only these models need it: 2 MB less in other workers

    factor, info = lapack.dpotrf(bound)
    if info != 0:
        raise FitError("the bound is not positive definite; raise fold_in_l2")
    user = start
    for _ in range(N_FOLD_IN_STEPS):
        user = user + lapack.dpotrs(factor, negative_gradient(user))[0]
    return user


def token_factors(
    people: ParticipantBatch, deviations: NDArray[np.floating], *, l2: float
) -> NDArray[np.float32]:
    """Ridge from profiles T to the factors U of participants: (T^T T + l2 I)^-1 T^T U.

    Args:
        people: P participants.
        deviations: (P, k) factors less their mean.
        l2: penalty, in participants.

    Returns:
        (n_tokens, k) float32.

    Source:
        Gantner et al. 2010, attribute-to-factor mapping.
    """
    profile = people.profile.astype(np.float64)
    gram = (profile.T @ profile).toarray() + l2 * np.eye(profile.shape[1])
    return np.linalg.solve(gram, profile.T @ deviations).astype(np.float32)


def sample_by_share(counts: NDArray[np.integer], max_size: int) -> NDArray[np.int32]:
    """Sample items at even steps of the cumulated counts, without randomness.

    Args:
        counts: (n_items,) purchases.
        max_size: largest sample.

    Returns:
        (J,) int32, J <= max_size. An item with a share s of the counts appears s J times, rounded.
    """
    total = np.cumsum(counts)
    n_drawn = min(max_size, int(total[-1])) if len(total) else 0
    steps = (np.arange(n_drawn) + 0.5) / max(n_drawn, 1)
    return np.searchsorted(total, steps * total[-1:], side="right").astype(np.int32)
