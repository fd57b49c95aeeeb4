"""Slots given to courses that few people bought, drawn at random with a known probability."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from saldopas.features.requests.batch import NO_MAX_PRICE_RP, RequestBatch
from saldopas.features.seconds import DAY_S
from saldopas.features.tables.dataset_config import Frozen


class ExplorationConfig(Frozen):
    """How much is explored; a share of 0 explores nothing and costs nothing."""

    share: float = Field(default=0.0, ge=0, le=1, description="probability of each slot")
    max_purchases: int = Field(default=20, ge=0, description="a course bought more is known")


@dataclass(frozen=True)
class Drawn:
    """Which places of one list are explored, with what, and how probable the list's courses are.

    Attributes:
        slots: (k,) int64 places in the list, ascending.
        item_idx: (k,) int64 courses that stand there instead.
        propensity: (n,) float32 of every place of the list, see `Exploration`.
    """

    slots: NDArray[np.int64]
    item_idx: NDArray[np.int64]
    propensity: NDArray[np.float32]


@dataclass(frozen=True)
class Exploration:
    """Which slots of a list are explored, and with which courses.

    Each slot of a list of n is explored with probability `share`, independently; what is explored
    is a uniform draw, without replacement, from the pool: the m allowed courses with at most
    `max_purchases` purchases that are not in the list already. Where the pool is used up the slot
    keeps its course. So slot k is explored with probability
    q_k = share * P(fewer than m of the slots before it are explored), and

        P(pool course j at slot k) = q_k / m,    P(the list's own course at its slot k) = 1 - q_k.

    These are the marginal item-position propensities of Li et al. 2018, exact, as IPS and SNIPS
    take them. They are over `seed`; randomness comes from a hash of `seed` and of the request's
    content, so that the same request has the same answer all (UTC) day.

    Attributes:
        config: share and what counts as rarely bought.
        seed: of the policy.
        rarely_bought: (n_items,) bool.
    """

    config: ExplorationConfig
    seed: int
    rarely_bought: NDArray[np.bool_]

    @classmethod
    def of_counts(
        cls, config: ExplorationConfig, n_bought: NDArray[np.integer], *, seed: int
    ) -> Exploration | None:
        """None where nothing is to be explored.

        Args:
            config: share and what counts as rarely bought.
            n_bought: (n_items,) purchases of each course.
            seed: of the policy.
        """
        if config.share == 0:
            return None
        return cls(config, seed, n_bought <= config.max_purchases)

    def over(self, n_items: int) -> Exploration:
        """The same in a catalogue that has grown: nobody bought the new courses yet."""
        new = np.ones(n_items - len(self.rarely_bought), np.bool_)
        return Exploration(self.config, self.seed, np.concatenate([self.rarely_bought, new]))

    def draw(
        self, requests: RequestBatch, row: int, *, n_listed: int, left: NDArray[np.bool_]
    ) -> Drawn:
        """What to explore in the list of one request.

        Args:
            requests: B requests.
            row: which of them.
            n_listed: n, how long its list is.
            left: (n_items,) allowed courses that are not in the list.
        """
        pool = np.flatnonzero(left & self.rarely_bought)
        chances = explored_chances(self.config.share, n_listed, min(len(pool), n_listed))
        uniform = np.random.default_rng(content_seed(requests, row, self.seed)).random(2 * n_listed)
        slots = np.flatnonzero(uniform[:n_listed] < self.config.share)[: len(pool)]
        propensity = 1 - chances
        propensity[slots] = chances[slots] / max(len(pool), 1)
        return Drawn(
            slots=slots,
            item_idx=_without_replacement(pool, uniform[n_listed + slots]),
            propensity=propensity.astype(np.float32),
        )


@lru_cache(maxsize=4_096)
def explored_chances(share: float, n_slots: int, n_pool: int) -> NDArray[np.float64]:
    """(n_slots,) probability that each slot is explored, with `n_pool` courses to explore."""
    chances = np.empty(n_slots)
    used = np.zeros(n_pool + 1)  # probability that so many slots were explored so far
    used[0] = 1.0
    for slot in range(n_slots):
        chances[slot] = share * (1 - used[-1])
        explored = share * used[:-1]
        used[:-1] -= explored
        used[1:] += explored
    chances.flags.writeable = False
    return chances


def content_seed(requests: RequestBatch, row: int, seed: int) -> int:
    """128 bits of a hash of what is asked in row `row`: the same in any batch, on any machine."""
    sequence = requests.participants.sequence
    pairs = (requests.participants.tokens, requests.owned, requests.excluded)
    lists = [sequence.item_idx[sequence.indptr[row] : sequence.indptr[row + 1]]]
    lists += [np.unique(m.row(row)) for m in pairs]
    numbers = [
        seed,
        *(len(values) for values in lists),
        *((1, limit) if (limit := int(requests.limit_rp[row])) < NO_MAX_PRICE_RP else (0, 0)),
        int(requests.age_at_least[row]),
        int(requests.education_at_least[row]),
        int(requests.as_of_s[row]) // DAY_S,
        int(requests.count[row]),
    ]
    content = np.concatenate([np.array(numbers, "<i8"), *(v.astype("<i8") for v in lists)])
    return int.from_bytes(hashlib.blake2b(content.tobytes(), digest_size=16).digest(), "little")


def _without_replacement(
    pool: NDArray[np.int64], uniform: NDArray[np.float64]
) -> NDArray[np.int64]:
    """(k,) distinct members of (m,) `pool`, one for each of (k,) `uniform` in [0, 1)."""
    left = pool.copy()
    for place, value in enumerate(uniform):
        other = place + int(value * (len(left) - place))
        left[place], left[other] = left[other], left[place]
    return left[: len(uniform)]
