"""The decisions that every candidate is measured on, with what was known at each moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import IndexedDataset
from saldopas.features.requests.batch import RequestBatch
from saldopas.features.splits.split import Cut
from saldopas.models.policy.policy import Policy

CUTOFFS = (1, 5, 10, 20)  # lengths at which lists are measured
CELLS_A_BLOCK = 4_000_000
REASONS = {
    "cancelled": "cancelled",
    "opted_out": "of participants who opted out",
    "bought_before": "of a course bought before",
    "not_on_sale": "of a course not on sale at the moment",
    "not_eligible": "of a course whose least age or education is not surely reached",
    "above_balance": "of a course priced above the balance",
    "not_drawn": "beyond the most that are looked at",
}


@dataclass(frozen=True)
class Decisions:
    """B decisions over the catalogue of `data`.

    Attributes:
        data: the indexed dataset; cut: which of its purchases are predicted, and how they were
            held out.
    """

    data: IndexedDataset
    cut: Cut

    @property
    def n_decisions(self) -> int:
        """How many decisions, B."""
        return self.cut.cases.n_cases

    @property
    def n_items(self) -> int:
        """How many courses the catalogue has."""
        return self.data.courses.n_items

    @property
    def people(self) -> NDArray[np.int64]:
        """(B,) participant, a row of the dataset: the unit of every interval."""
        return self.cut.cases.row

    @property
    def n_people(self) -> int:
        """How many participants decide."""
        return len(np.unique(self.people))

    @cached_property
    def balance_rp(self) -> NDArray[np.float64]:
        """(B,) what was left, NaN where no limit is known."""
        return np.where(self.cut.cases.has_balance, self.cut.cases.balance_rp, np.nan)

    @property
    def paid_rp(self) -> NDArray[np.float64]:
        """(B,) what was paid for the course; the mean where a basket holds several."""
        return self.cut.cases.paid_rp

    @cached_property
    def n_possible(self) -> NDArray[np.int64]:
        """(B,) courses that the rules allow: no list can be longer."""
        found = np.zeros(self.n_decisions, np.int64)
        for block in self._blocks():
            found[block] = self._rules.allowed(self.requests.take(block)).allowed.sum(axis=1)
        return found

    @cached_property
    def buyers_before(self) -> tuple[NDArray[np.int64], int]:
        """(n_items,) people who had bought each course before the decisions, and all who bought.

        Those who opted out are not counted.
        """
        known = self.cut.train.participants
        if known.n_rows > 0:
            items, n_people = known.sequence.item_idx, known.n_rows
        else:
            events = self.data.events
            before = (events.at_s < self.cut.train.as_of_s) & self.data.kept
            before &= ~self.data.opted_out[events.rows]
            items, n_people = events.item_idx[before], len(np.unique(events.rows[before]))
        return np.bincount(items, minlength=self.n_items), n_people

    @cached_property
    def requests(self) -> RequestBatch:
        """The request of each decision."""
        return self.cut.requests(self.data, count=max(CUTOFFS))

    def may_list(self, rows: NDArray[np.int64], item_idx: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(N,) whether the rules allow each pair of a decision (ascending) and a course."""
        found = np.zeros(len(rows), np.bool_)
        for block in self._blocks():
            inside = slice(*np.searchsorted(rows, [block[0], block[-1] + 1]))
            allowed = self._rules.allowed(self.requests.take(block)).allowed
            found[inside] = allowed[rows[inside] - block[0], item_idx[inside]]
        return found

    def cheapest_beside(
        self, items: NDArray[np.int64], cutoffs: tuple[int, ...]
    ) -> NDArray[np.float64]:
        """(B, len(cutoffs)) price of the cheapest course that the rules allow besides the first k.

        Infinity where there is none. `items` is (B, depth) item index by rank, -1 past the end.
        """
        price = self.data.courses.price_rp
        order = np.argsort(price, kind="stable")
        place = np.argsort(order)
        cheapest = np.full((self.n_decisions, len(cutoffs)), np.inf)
        for block in self._blocks():
            allowed = self._rules.allowed(self.requests.take(block)).allowed[:, order]
            everyone = np.arange(len(block))
            for column, (start, end) in enumerate(pairwise((0, *cutoffs))):
                rows, ranks = np.nonzero(items[block, start:end] >= 0)
                allowed[rows, place[items[block[rows], start + ranks]]] = False
                first = allowed.argmax(axis=1)
                some = allowed[everyone, first]
                cheapest[block[some], column] = price[order[first[some]]]
        return cheapest

    @property
    def _rules(self) -> Policy:
        return Policy((), self.data.courses)

    def _blocks(self) -> Iterator[NDArray[np.int64]]:
        size = max(1, CELLS_A_BLOCK // max(self.n_items, 1))
        for start in range(0, self.n_decisions, size):
            yield np.arange(start, min(start + size, self.n_decisions))


def predicted(decisions: Decisions) -> dict[str, Any]:
    """For `--json`.

    `balances` counts decisions: `known`, `proxy` (no balance is known; what was spent in the
    period stands for it), `no_limit`. `predicted_purchases` and `left_out` count purchases and
    together are all of the period.
    """
    cases = decisions.cut.cases
    return {
        "balances": {
            "known": int((cases.has_balance & ~cases.proxy).sum()),
            "proxy": int(cases.proxy.sum()),
            "no_limit": int((~cases.has_balance).sum()),
        },
        "predicted_purchases": int(cases.targets.nnz),
        "left_out": asdict(cases.left_out),
    }


def predicted_lines(decisions: Decisions) -> Iterator[str]:
    """The same for people."""
    found = predicted(decisions)
    balances = found["balances"]
    yield (
        f"Balance: known at {balances['known']:,} decisions, a proxy (what was spent in the "
        f"period) at {balances['proxy']:,}, no limit at {balances['no_limit']:,}."
    )
    left_out = {name: count for name, count in found["left_out"].items() if count}
    if left_out:
        total = found["predicted_purchases"] + sum(left_out.values())
        reasons = ", ".join(f"{count:,} {REASONS[name]}" for name, count in left_out.items())
        yield f"Of {total:,} purchases in the period these are not predicted: {reasons}."
