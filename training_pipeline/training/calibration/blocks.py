"""The decisions of a cut in blocks that fit into memory, with the scores that rank them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import IndexedDataset
from saldopas.features.requests.batch import RequestBatch
from saldopas.features.splits.cases import sample_cases
from saldopas.features.splits.split import Cut
from saldopas.models.policy.calibration import ranked_pairs
from saldopas.models.policy.policy import Policy

CELLS_A_BLOCK = 4_000_000
MOST_DECISIONS = 10_000


def judged_decisions(cut: Cut, *, seed: int) -> Cut:
    """The cut with at most `MOST_DECISIONS`, drawn with `seed`, limited by known balances only.

    The proxy of an unknown balance is what was spent in the period: below it the dearest course is
    the one that was bought.
    """
    cases = sample_cases(cut.cases, MOST_DECISIONS, seed=seed)
    return replace(cut, cases=replace(cases, has_balance=cases.has_balance & ~cases.proxy))


def blocks(
    data: IndexedDataset, cut: Cut, policy: Policy, *, every: int = 1
) -> Iterator[tuple[NDArray[np.int64], RequestBatch, NDArray[np.float32], NDArray[np.int8]]]:
    """Rows of the cut's decisions, their requests, ranking scores and stages (see `ranked_pairs`).

    Args:
        data, cut, policy: what is asked.
        every: one decision in so many.
    """
    requests = cut.requests(data, count=1)
    chosen = np.arange(0, requests.n_rows, every)
    size = max(1, CELLS_A_BLOCK // data.courses.n_items)
    for start in range(0, len(chosen), size):
        rows = chosen[start : start + size]
        asked = requests.take(rows)
        yield rows, asked, *ranked_pairs(policy, asked, policy.allowed(asked).allowed)
