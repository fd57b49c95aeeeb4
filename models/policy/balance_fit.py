"""How a price stands to the balance: people do not pick at random among what they can afford."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator
from saldopas.features.tables.dataset_config import Frozen
from saldopas.models.native import BalanceLift

EDGES = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 0.9, 0.97)
N_BANDS = len(EDGES) + 1


class BalanceFit(Frozen):
    """score' = score * lift[band] where score > 0, score / lift[band] elsewhere.

    The band of a course is where price / balance lies among `EDGES`. lift is how many times as
    often courses of the band were bought as the scores alone foretold; it is learned on validation
    windows (`training.balance_fitting`) and kept only where it clearly helps. Order among
    courses of one band never changes, nor does what is allowed.
    """

    lift: tuple[float, ...] = Field(min_length=N_BANDS, max_length=N_BANDS)

    @field_validator("lift")
    @classmethod
    def _positive(cls, lift: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 < value < np.inf for value in lift):
            raise ValueError("lifts are finite and above 0")
        return lift

    def applied(
        self,
        scores: NDArray[np.float32],
        price_rp: NDArray[np.int64],
        balance_rp: NDArray[np.int64],
        has_balance: NDArray[np.bool_],
    ) -> NDArray[np.float32]:
        """(B, n) float32 scores at the balance of each row; rows without a balance stay.

        Args:
            scores: (B, n) float32 of n courses.
            price_rp: (n,) int64; balance_rp: (B,) int64, whole units; has_balance: (B,) bool.
        """
        return self.native.lifted(scores, price_rp, balance_rp, has_balance)

    @property
    def native(self) -> BalanceLift:
        """The same for the ranker."""
        return BalanceLift(np.array(EDGES), np.array(self.lift, np.float32))


def bands(price_rp: NDArray[np.int64], balance_rp: int) -> NDArray[np.int64]:
    """(n,) band of each price at one balance: how many of `EDGES * balance_rp` are below it."""
    return np.searchsorted(np.asarray(EDGES) * balance_rp, price_rp, side="left")
