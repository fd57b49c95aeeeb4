"""Random plan problems: every kind of price and relevance that makes a knapsack easy or hard."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray
from saldopas.models.planner.days import NEVER, CourseDays, Window
from saldopas.models.planner.problem import PlanProblem, pairs_within

KINDS = (
    "independent",  # a course's price says nothing of its relevance
    "weak",  # dearer courses are more wanted, with noise
    "strong",  # relevance is a line of the price
    "noisy line",  # the same with noise of one part in a thousand
    "proportional",  # relevance is a share of the price: only the sum counts
    "inverse",  # cheaper courses are more wanted
    "levels",  # few values of relevance: many ties
    "nothing known",  # relevance 0: only money counts
)
TODAY = date(2024, 3, 1).toordinal()


def prices(rng: np.random.Generator, n: int, step: int) -> NDArray[np.int64]:
    """(n,) the programme's prices, Rp24.000 to Rp1.000.000, in steps."""
    drawn = np.clip(rng.lognormal(np.log(340_000), 0.6, n), 24_000, 1_000_000)
    return (drawn // step * step).astype(np.int64)


def relevances(
    rng: np.random.Generator, price: NDArray[np.int64], kind: str
) -> NDArray[np.float64]:
    """(n,) in [0, 1]."""
    n = len(price)
    noise = {"weak": 0.05, "noisy line": 0.001}.get(kind, 0.0)
    if kind == "independent":
        return rng.beta(1, 8, n)
    if kind in ("weak", "strong", "noisy line"):
        return np.clip(0.1 + price / 2e6 + rng.normal(0, 1, n) * noise, 0, 1)
    if kind == "proportional":
        return price / 4e6
    if kind == "inverse":
        return np.clip(0.6 - price / 2e6, 0, 1)
    if kind == "levels":
        return np.rint(rng.beta(1, 4, n) * 10) / 10
    return np.zeros(n)


def plain_case(
    rng: np.random.Generator,
    kind: str,
    *,
    n: int = 200,
    max_courses: int = 8,
    balance_rp: int = 1_000_000,
    step: int = 1_000,
    leftover_price: float = 1e-7,
) -> PlanProblem:
    """Prices, relevance and a balance, no other rule."""
    price = prices(rng, n, step)
    return PlanProblem(
        price, relevances(rng, price, kind), balance_rp, max_courses, leftover_price=leftover_price
    )


def random_case(rng: np.random.Generator, largest: int = 500) -> PlanProblem:
    """A problem of any size and any rules, with the corners of each drawn often."""
    n = int(rng.choice([1, 2, 3, 5, 7, 8, 9, 20, 60, 200, largest]))
    n = min(n, largest)
    step = int(rng.choice([1, 1_000, 1_000, 50_000]))
    price = prices(rng, n, step)
    if rng.random() < 0.2:
        price[rng.random(n) < 0.2] = 0
    if rng.random() < 0.2:
        price[:] = rng.choice(price, n)  # courses that cost the same
    relevance = relevances(rng, price, str(rng.choice(KINDS)))
    max_courses = int(rng.integers(0, 9))
    with_days = bool(rng.random() < 0.4)
    limited = bool(rng.random() < 0.4)
    return PlanProblem(
        price_rp=price,
        relevance=relevance,
        balance_rp=_balance(rng, price, max_courses),
        max_courses=max_courses,
        leftover_price=float(rng.choice([0.0, 1e-9, 1e-7, 1e-6, 1e-5])),
        category=rng.integers(0, int(rng.choice([1, 3, 11])), n) if limited else None,
        max_per_category=int(rng.integers(1, 4)) if limited else None,
        near_duplicates=_pairs(rng, n) if rng.random() < 0.4 else None,
        must_include=tuple(
            rng.permutation(n)[: int(rng.integers(1, 3))].tolist() if rng.random() < 0.25 else ()
        ),
        days=_days(rng, n) if with_days else None,
    )


def _balance(rng: np.random.Generator, price: NDArray[np.int64], max_courses: int) -> int:
    kind = rng.integers(0, 6)
    if kind == 0:
        return int(rng.choice([0, 1, 24_000, 999_999]))
    if kind == 1:  # some set fills it, or nearly
        some = price[rng.permutation(len(price))[:max_courses]]
        return max(0, int(some.sum()) + int(rng.choice([-1, 0, 0, 1, 50])))
    if kind == 2:
        return int(price.min())
    return int(rng.choice([300_000, 1_000_000, 3_500_000, int(rng.integers(1, 4_000_000))]))


def _pairs(rng: np.random.Generator, n: int) -> NDArray[np.int64]:
    if rng.random() < 0.5:  # groups
        return pairs_within(rng.integers(-1, max(1, n // 3), n))
    pairs = rng.integers(0, n, (int(rng.integers(0, 2 * n + 1)), 2))
    distinct: NDArray[np.int64] = pairs[pairs[:, 0] != pairs[:, 1]]
    return distinct


def _days(rng: np.random.Generator, n: int) -> CourseDays:
    spread = int(rng.choice([3, 10, 60]))
    until = TODAY + rng.integers(-1, spread, n)
    last = np.where(rng.random(n) < rng.choice([0.0, 0.5, 1.0]), until, NEVER)
    return CourseDays(
        lead=rng.integers(0, 4, n),
        duration=rng.integers(0, int(rng.choice([3, 20])), n),
        last_sale_day=last,
        window=Window(
            first_day=TODAY,
            first_by=TODAY + int(rng.choice([-1, 0, 14, 14, 29, 29])),
            last_purchase_day=int(rng.choice([NEVER, TODAY + int(rng.integers(0, 60))])),
            finish_by=int(rng.choice([NEVER, TODAY + int(rng.integers(0, 60))])),
            rating_days=int(rng.integers(0, 3)),
            pause_days=int(rng.integers(0, 2)),
        ),
    )
