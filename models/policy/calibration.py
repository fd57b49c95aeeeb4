"""Scores as probabilities: what a course's score says of its being bought at a decision.

For a decision d with allowed courses A let s_i be the score that ranks course i, c its curve (the
stage that ranks it, whether it ranks all, and how much history the participant has), and

    w_i = g_c(s_i) * u(price_i) * v(price_i / balance_d),
    Z_d = sum of w_i over A,        p_i = w_i * h(Z_d) / Z_d.

g is a rising curve for each c: how scores compare, fitted by isotonic regression (Barlow et al.
1972; Zadrozny and Elkan 2002) under the factor h / Z. u and v say what a price means beyond the
score: whoever has little left can buy nothing but cheap courses, so what is learned from purchases
overrates cheap courses for whoever has much; v is 1 without a balance. h is one rising curve: how
many courses a decision with mass Z buys. Where each purchase is a decision h is 1, and p_i is the
probability that the next purchase is course i (a conditional logit, McFadden 1974). Where a
period's basket is a decision, p_i is the expected number of purchases of course i in it. Either
way the probabilities of a set add up: to the expected number of its courses that are bought.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.courses import CourseTable
from saldopas.features.requests.batch import RequestBatch
from saldopas.models.policy.policy import Policy

LEVELS = 4  # 0, 1, 2, and 3 or more purchases that the models see


@dataclass(frozen=True)
class Calibration:
    """Curves as knots, linear in between and constant outside; all arrays may be memory maps.

    Attributes:
        indptr: ((stages + 1) * LEVELS + 1,) int64 into score and chance; see `curve_of`.
        score: (T,) float64 ascending within a curve; chance: (T,) float64, g at that score.
        mass: (M,) float64 ascending; expected: (M,) float64, h at that mass.
        price: (P,) float64 ascending, log(1 + rupiah); price_factor: (P,) float64, u there.
        share: (S,) float64 ascending, of the balance; share_factor: (S,) float64, v there.
    """

    indptr: NDArray[np.int64]
    score: NDArray[np.float64]
    chance: NDArray[np.float64]
    mass: NDArray[np.float64]
    expected: NDArray[np.float64]
    price: NDArray[np.float64]
    price_factor: NDArray[np.float64]
    share: NDArray[np.float64]
    share_factor: NDArray[np.float64]

    def probabilities(
        self, policy: Policy, requests: RequestBatch, allowed: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64]:
        """(B, n_items) float64 probability of each allowed course, 0 for the others.

        Args:
            policy: with the stages that this was fitted for.
            requests: B decisions.
            allowed: (B, n_items), `policy.allowed(requests)` where it is known already.
        """
        if allowed is None:
            allowed = policy.allowed(requests).allowed
        scores, place = ranked_pairs(policy, requests, allowed)
        chances = self.curves(scores, place, levels_of(requests))
        self._with_prices(chances, place, policy.courses, requests)
        mass = chances.sum(axis=1)
        expected = np.interp(mass, self.mass, self.expected)
        factor = np.divide(expected, mass, out=np.zeros_like(mass), where=mass > 0)
        chances *= factor[:, None]
        return np.minimum(chances, 1.0, out=chances)

    def curves(
        self, scores: NDArray[np.float32], place: NDArray[np.int8], level: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """(B, n_items) g of each pair, 0 where it is not allowed.

        Args:
            scores, place: (B, n_items), see `ranked_pairs`.
            level: (B,), see `levels_of`.
        """
        chances = np.zeros(scores.shape)
        for row in range(len(scores)):
            for stage in range((len(self.indptr) - 1) // LEVELS):
                items = np.flatnonzero(place[row] == stage)
                if len(items):
                    curve = slice(*self.indptr[[at := curve_of(stage, level[row]), at + 1]])
                    chances[row, items] = np.interp(
                        scores[row, items], self.score[curve], self.chance[curve]
                    )
        return chances

    def _with_prices(
        self,
        chances: NDArray[np.float64],
        place: NDArray[np.int8],
        courses: CourseTable,
        requests: RequestBatch,
    ) -> None:
        """Multiplies by u and v in place."""
        for row in range(len(chances)):
            items = np.flatnonzero(place[row] >= 0)
            factor = np.interp(courses.log_price[items], self.price, self.price_factor)
            if requests.has_balance[row]:
                share = courses.price_rp[items] / max(int(requests.balance_rp[row]), 1)
                factor = factor * np.interp(share, self.share, self.share_factor)
            chances[row, items] *= factor

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every array by its name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Calibration:
        """See `arrays`."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def curve_of(place: int, level: int) -> int:
    """Which curve answers for a place of `ranked_pairs` and a level of history."""
    return place * LEVELS + int(level)


def levels_of(requests: RequestBatch) -> NDArray[np.int64]:
    """(B,) level of the history that models see."""
    return np.minimum(requests.participants.sequence.lengths, LEVELS - 1)


def ranked_pairs(
    policy: Policy, requests: RequestBatch, allowed: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """The score that ranks each pair, and the place of its stage, -1 where it is not allowed.

    As `Policy` ranks: the first stage that answers and knows the pair (a score other than 0), and
    the last stage for the rest. Its place is one more where it ranks all of a row: what a score of
    it says of a stranger is not what it says of a course that the other stages do not know.

    Args:
        policy: n_items courses.
        requests: B requests.
        allowed: (B, n_items).

    Returns:
        (B, n_items) float32, (B, n_items) int8.
    """
    scores = np.zeros(allowed.shape, np.float32)
    place = np.full(allowed.shape, -1, np.int8)
    left = allowed.copy()
    last = len(policy.stages) - 1
    asked_already: dict[int, NDArray[np.bool_]] = {}
    for at, stage in enumerate(policy.stages):
        wanted = stage.answers(requests.participants) & left.any(axis=1)
        before = asked_already.get(id(stage.model), np.zeros(len(wanted), np.bool_))
        if at < last:  # the same model knows no more pairs the second time
            wanted &= ~before
        asked_already[id(stage.model)] = before | wanted
        rows = np.flatnonzero(wanted)
        if len(rows) == 0:
            continue
        asked = requests if len(rows) == requests.n_rows else requests.take(rows)
        found = policy.scores(stage, asked)
        mine = left[rows] if at == last else left[rows] & (found != 0)
        scores[rows] = np.where(mine, found, scores[rows])
        alone = (place[rows] < 0).all(axis=1, keepdims=True) if at == last else False
        place[rows] = np.where(mine, np.int8(at) + np.int8(alone), place[rows])
        left[rows] &= ~mine
    return scores, place
