"""Courses and profile tokens as latent factors, and the scores of whoever is folded in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.batch import ParticipantBatch
from saldopas.features.encoding.sequences import Sequences, newest_weights
from saldopas.features.encoding.training_set import TrainingSet
from saldopas.features.errors import FitError
from saldopas.models.recommenders.recommender import State
from scipy.linalg import lapack

N_RIVALS = 256
STEPS = 10
LARGEST = 1e4  # of a factor; a descent that goes beyond it has diverged
DIVERGED = "the factors diverged: lower learning_rate or regularization"


class Known(NamedTuple):
    """What is known of one participant: s courses that somebody bought, and t tokens."""

    items: NDArray[np.int32]  # (s,)
    weights: NDArray[np.float32]  # (s,)
    tokens: NDArray[np.int32]  # (t,)


class Purchased(NamedTuple):
    """One participant's courses in float64: factors (s, k), bias (s,), weights (s,)."""

    factors: NDArray[np.float64]
    bias: NDArray[np.float64]
    weights: NDArray[np.float64]


FoldIn = Callable[[Purchased, NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class LatentSpace:
    """score_i = v_i u + b_i, where u is solved anew from what is known of the participant.

    Before anything was bought, u is expected at typical + the sum of the profile's token factors.
    A course that nobody bought has v = 0 and b = 0: nothing is known of it.

    Attributes:
        items: (n_items, k) float32 v; bias: (n_items,) float32 b.
        typical: (k,) float32 mean of the training participants' factors.
        tokens: (n_tokens, k) float32 what a token adds to it.
        rivals: (J,) int32 courses that stand for all others, drawn by how often they were bought.
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
        """From factors fitted on `train`; `people` (P, k) are summarised and not kept.

        Raises:
            ValueError: the descent diverged.
        """
        if not all(np.abs(part).max(initial=0) < LARGEST for part in (items, bias, people)):
            raise ValueError(DIVERGED)
        counts = np.bincount(train.participants.sequence.item_idx, minlength=train.n_items)
        bought = counts > 0
        typical = people.mean(axis=0, dtype=np.float64) if len(people) else np.zeros(items.shape[1])
        return cls(
            items=np.ascontiguousarray(items * bought[:, None], np.float32),
            bias=np.ascontiguousarray(bias * bought, np.float32),
            typical=typical.astype(np.float32),
            tokens=token_factors(train.participants, people - typical, l2=token_l2),
            rivals=drawn_by_share(counts, N_RIVALS),
        )

    def score(
        self, batch: ParticipantBatch, weights: NDArray[np.float32], fold_in: FoldIn
    ) -> NDArray[np.float32]:
        """(B, n_items); row by row, so that a batch equals its single requests to the bit.

        Args:
            batch: B participants; a row without a purchase or token known here scores 0.
            weights: (E,) of their events.
            fold_in: u (k,) of the purchases and of the u expected before them.
        """
        scores = np.zeros((batch.n_rows, len(self.items)), np.float32)
        for row, known in enumerate(known_rows(batch, weights, bought=self.bought)):
            if len(known.items) + len(known.tokens) == 0:
                continue
            user = self.expected(known.tokens)
            if len(known.items) > 0:
                user = fold_in(self.purchased(known), user)
            scores[row] = self.items @ user.astype(np.float32) + self.bias
        return scores

    def expected(self, tokens: NDArray[np.int32]) -> NDArray[np.float64]:
        """(k,) factors of somebody with these tokens before the first purchase."""
        return np.asarray(self.typical + self.tokens[tokens].sum(axis=0, dtype=np.float64))

    def purchased(self, known: Known) -> Purchased:
        """The factors of what one participant bought."""
        return Purchased(
            self.items[known.items].astype(np.float64),
            self.bias[known.items].astype(np.float64),
            known.weights.astype(np.float64),
        )

    @cached_property
    def bought(self) -> NDArray[np.bool_]:
        """(n_items,) whether anything is known of the course."""
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
        """See `state`."""
        return cls(
            **{name: state[name] for name in ("items", "bias", "typical", "tokens", "rivals")}
        )


def known_rows(
    batch: ParticipantBatch, weights: NDArray[np.float32], *, bought: NDArray[np.bool_]
) -> Iterator[Known]:
    """Each row's courses that were `bought` by anybody, newest weight each, and its tokens."""
    indptr, items, values = newest_weights(batch.sequence, weights)
    keep = bought[items] & (values > 0)
    profile = batch.profile
    for row in range(batch.n_rows):
        events = slice(indptr[row], indptr[row + 1])
        kept = keep[events]
        tokens = profile.indices[profile.indptr[row] : profile.indptr[row + 1]]
        yield Known(items[events][kept], values[events][kept], tokens)


def recency(sequence: Sequences, past_decay: float) -> NDArray[np.float32]:
    """(E,) past_decay^(newer purchases of the participant), 1 for the newest."""
    return np.power(np.float32(past_decay), sequence.age_in_row).astype(np.float32)


def minimised(
    bound: NDArray[np.float64],
    uphill: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    start: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(k,) `start` after `STEPS` steps u += bound^-1 uphill(u) down a convex loss.

    No step raises the loss, as `bound` is nowhere less than its Hessian (Boehning & Lindsay 1988).

    Args:
        bound: (k, k) positive definite.
        uphill: (k,) minus the gradient.
        start: (k,).
    """
    factor, info = lapack.dpotrf(bound)
    if info != 0:
        raise FitError("the bound is not positive definite; raise fold_in_l2")
    user = start
    for _ in range(STEPS):
        user = user + lapack.dpotrs(factor, uphill(user))[0]
    return user


def token_factors(
    people: ParticipantBatch, deviations: NDArray[np.floating], *, l2: float
) -> NDArray[np.float32]:
    """(n_tokens, k) ridge from profiles T to (P, k) factors U: (T^T T + l2 I)^-1 T^T U.

    Maps attributes to factors as Gantner et al. 2010 do for newcomers; `l2` counts participants.
    """
    profile = people.profile.astype(np.float64)
    gram = (profile.T @ profile).toarray() + l2 * np.eye(profile.shape[1])
    return np.linalg.solve(gram, profile.T @ deviations).astype(np.float32)


def drawn_by_share(counts: NDArray[np.integer], most: int) -> NDArray[np.int32]:
    """(J,) int32 items at J even steps of the cumulated counts, J <= most: a fixed sample by share.

    An item with a share s of the counts stands there s J times, rounded up or down.
    """
    total = np.cumsum(counts)
    n_drawn = min(most, int(total[-1])) if len(total) else 0
    steps = (np.arange(n_drawn) + 0.5) / max(n_drawn, 1)
    return np.searchsorted(total, steps * total[-1:], side="right").astype(np.int32)
