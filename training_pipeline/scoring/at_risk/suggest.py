"""The best next action of each participant at risk, never more than a course has seats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import IndexedDataset
from saldopas.features.encoding.profile import ProfileVocabulary
from saldopas.features.requests.batch import build_requests
from saldopas.features.requests.participants import KnownParticipants
from saldopas.features.tables import columns as c
from saldopas.models.planner.plan import Plan, solve
from saldopas.models.planner.planning import MOST_BALANCE, Planning, PlanWish
from saldopas.training_pipeline.scoring.at_risk.deadlines import Risks

ROWS_A_BLOCK = 2_000
STEP_LIMIT = 20_000
UNLIMITED = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Suggestions:
    """For each of R rows, in the order in which they were served.

    Attributes:
        rows: (R,) int64 participants.
        indptr: (R + 1,) int64 into item_idx (K,) int64: the plan's courses in order.
        total_rp: (R,) int64; relevance: (R,) float64.
        sold_out: (R,) bool, something would have fitted that had no seat left.
        seats_left: (n_items,) int64 afterwards, `UNLIMITED` without a quota.
    """

    rows: NDArray[np.int64]
    indptr: NDArray[np.int64]
    item_idx: NDArray[np.int64]
    total_rp: NDArray[np.int64]
    relevance: NDArray[np.float64]
    sold_out: NDArray[np.bool_]
    seats_left: NDArray[np.int64]


def seats_before(data: IndexedDataset, *, as_of_s: int, monthly: bool) -> NDArray[np.int64]:
    """(n_items,) quota less purchases before the moment, at least 0; `UNLIMITED` without one.

    Args:
        data: courses and purchases.
        as_of_s: the moment.
        monthly: a quota counts the seats of a calendar month (as in the sample), else of all time.
    """
    if c.QUOTA not in data.courses.frame:
        return np.full(data.courses.n_items, UNLIMITED, np.int64)
    quota = data.courses.frame[c.QUOTA]
    at_s = data.events.at_s
    counted = data.kept & (at_s < as_of_s)
    if monthly:
        counted &= at_s >= _month_start_s(as_of_s, ZoneInfo(data.config.timezone))
    sold = np.bincount(data.events.item_idx[counted], minlength=data.courses.n_items)
    limited = quota.notna().to_numpy()
    left = np.maximum(quota.fillna(0).to_numpy(np.int64) - sold, 0)
    return np.where(limited, left, UNLIMITED)


def _month_start_s(as_of_s: int, zone: ZoneInfo) -> int:
    local = datetime.fromtimestamp(as_of_s, zone)
    return int(datetime(local.year, local.month, 1, tzinfo=zone).timestamp())


def fair_order(
    data: IndexedDataset, risks: Risks, rows: NDArray[np.int64], *, seed: int
) -> NDArray[np.int64]:
    """`rows` in the order in which seats are given: who has the least time left comes first.

    Within a day it is a lottery: a hash of seed and participant id, so that nobody is last
    because of an id or of a place in a file.
    """
    ids = data.people[c.PARTICIPANT_ID].iloc[rows]
    salt = str(seed).encode()
    draw = np.array(
        [
            int.from_bytes(blake2b(text.encode(), digest_size=8, key=salt).digest(), "little")
            for text in ids
        ],
        np.uint64,
    )
    return rows[np.lexsort((draw, risks.deadline[rows]))]


def suggest(
    data: IndexedDataset,
    planning: Planning,
    risks: Risks,
    rows: NDArray[np.int64],
    *,
    vocabulary: ProfileVocabulary,
    max_courses: int,
    seats: NDArray[np.int64],
    advance: Callable[[int], object] = lambda count: None,
) -> Suggestions:
    """The best plan of each row, one after the other, over the seats that are left.

    A plan keeps its seats: no course is suggested to more people than it has seats.

    Args:
        data, planning, risks: as of the moment; the policy is over the catalogue of `data`.
        rows: (R,) participants, first come first served.
        vocabulary: of the policy's profile tokens.
        max_courses: of one plan.
        seats: (n_items,) int64, not changed.
        advance: told how many more rows are done.
    """
    left = seats.copy()
    plans: list[NDArray[np.int64]] = []
    totals: list[int] = []
    relevances: list[float] = []
    sold_out: list[bool] = []
    for start in range(0, len(rows), ROWS_A_BLOCK):
        block = rows[start : start + ROWS_A_BLOCK]
        known = KnownParticipants.of_dataset(data, block, risks.seen[block], vocabulary)
        known = replace(known, balance_rp=risks.amount_rp[block])
        requests = build_requests(known, as_of_s=risks.as_of_s, count=1)
        allowed = planning.policy.allowed(requests).allowed
        relevance = planning.relevance(requests, allowed)
        for at, row in enumerate(block.tolist()):
            free = allowed[at] & (left > 0)
            wish = PlanWish(
                balance_rp=min(int(risks.amount_rp[row]), MOST_BALANCE),
                max_courses=max_courses,
                announced=risks.announced_on(row),
                last_bought=risks.last_bought(row),
            )
            items, plan = _planned(planning, free, relevance[at], wish, risks.as_of_s)
            left[items] -= left[items] != UNLIMITED
            plans.append(items)
            totals.append(plan.total_rp)
            relevances.append(plan.relevance)
            full = allowed[at] & ~free
            sold_out.append(
                len(items) == 0
                and bool(full.any())
                and len(_planned(planning, full, relevance[at], wish, risks.as_of_s)[0]) > 0
            )
        advance(len(block))
    return Suggestions(
        rows=rows,
        indptr=np.cumsum([0, *(len(items) for items in plans)]).astype(np.int64),
        item_idx=np.concatenate([np.empty(0, np.int64), *plans]),
        total_rp=np.array(totals, np.int64),
        relevance=np.array(relevances, np.float64),
        sold_out=np.array(sold_out, np.bool_),
        seats_left=left,
    )


def _planned(
    planning: Planning,
    allowed: NDArray[np.bool_],
    relevance: NDArray[np.float64],
    wish: PlanWish,
    as_of_s: int,
) -> tuple[NDArray[np.int64], Plan]:
    """The courses of the best plan among those allowed, and the plan."""
    asked = planning.problem(allowed, relevance, wish, as_of_s=as_of_s)
    plan = solve(asked.problem, step_limit=STEP_LIMIT)
    return asked.item_idx[plan.items], plan
