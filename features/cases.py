"""Past decisions to predict: who, when, with how much, and what was bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from features.indexed import IndexedDataset


@dataclass(frozen=True)
class Cases:
    """B decisions to predict; arrays are (B,).

    Attributes:
        row: participant; seen: purchases known at the moment; as_of_s: the moment.
        limit_rp, limited: what could be spent then.
        targets: (B, n_items) what was bought, and could be: not owned, affordable, on sale.
    """

    row: NDArray[np.int64]
    seen: NDArray[np.int64]
    as_of_s: NDArray[np.int64]
    limit_rp: NDArray[np.int64]
    limited: NDArray[np.bool_]
    targets: csr_array

    @property
    def n_cases(self) -> int:
        """How many decisions."""
        return len(self.row)

    @property
    def is_new(self) -> NDArray[np.bool_]:
        """(B,) decisions of people without an earlier purchase."""
        return np.asarray(self.seen == 0)

    def take(self, rows: NDArray[np.integer]) -> Cases:
        """The cases asked for."""
        return Cases(
            self.row[rows],
            self.seen[rows],
            self.as_of_s[rows],
            self.limit_rp[rows],
            self.limited[rows],
            self.targets[rows],
        )


def cases_from(
    data: IndexedDataset, from_s: int, until_s: int | None, protocol: Literal["replay", "window"]
) -> Cases:
    """Decisions in [from_s, until_s) of everybody who did not opt out.

    `replay`: each purchase is a decision; `window`: a participant's purchases are one basket.
    """
    at_s = data.events.at_s
    inside = (at_s >= from_s) & data.kept
    if until_s is not None:
        inside &= at_s < until_s
    events = np.flatnonzero(inside & ~data.opted_out[data.events.rows])
    if protocol == "replay":
        return replayed(data, events)
    return _basket_window(data, events, from_s)


def replayed(data: IndexedDataset, events: NDArray[np.int64]) -> Cases:
    """Each event is a decision of its own, at its time, after what its buyer bought before."""
    rows = data.events.rows[events]
    seen = events - data.events.indptr[rows]
    indptr = np.arange(len(events) + 1)
    items = data.events.item_idx[events]
    limits = (data.balance_rp(rows, seen), data.has_grant[rows])
    return _cases_of(data, rows, seen, data.events.at_s[events], indptr, items, limits)


def _basket_window(data: IndexedDataset, events: NDArray[np.int64], from_s: int) -> Cases:
    """All that a participant bought in the window is one basket, decided at its beginning.

    Where no grant is known the balance is a declared proxy: what was spent in the window on courses
    that were on sale at its beginning. Where everything is free there is no limit.
    """
    items = data.events.item_idx[events]
    events = events[
        (data.courses.on_sale_from_s[items] <= from_s)
        & (from_s <= data.courses.on_sale_until_s[items])
    ]
    buyers = data.events.rows[events]
    rows, counts = np.unique(buyers, return_counts=True)
    seen = data.seen_before(from_s)[rows]
    indptr = np.concatenate([[0], np.cumsum(counts)])
    spent = np.bincount(
        np.searchsorted(rows, buyers), weights=data.paid_rp[events], minlength=len(rows)
    )
    balance = np.where(data.has_grant[rows], data.balance_rp(rows, seen), spent.astype(np.int64))
    moment = np.full(len(rows), from_s, np.int64)
    items = data.events.item_idx[events]
    limited = data.has_grant[rows] | bool(data.courses.price_rp.any())
    return _cases_of(data, rows, seen, moment, indptr, items, (balance, limited))


def _cases_of(
    data: IndexedDataset,
    rows: NDArray[np.int64],
    seen: NDArray[np.int64],
    as_of_s: NDArray[np.int64],
    indptr: NDArray[np.integer],
    items: NDArray[np.int32],
    limits: tuple[NDArray[np.int64], NDArray[np.bool_]],
) -> Cases:
    """Cases with the targets that were possible; those left without any are dropped."""
    balance, limited = limits
    case = np.repeat(np.arange(len(rows)), np.diff(indptr))
    bought = csr_array((np.ones(len(items)), (case, items)), (len(rows), data.courses.n_items))
    bought.sum_duplicates()
    owned = data.events.prefixes(rows, seen).matrix()
    fresh = csr_array(bought - bought.multiply(owned))
    fresh.eliminate_zeros()
    case = np.repeat(np.arange(len(rows)), np.diff(fresh.indptr))
    price = data.courses.price_rp[fresh.indices]
    possible = (
        ((price <= balance[case]) | ~limited[case])
        & (data.courses.on_sale_from_s[fresh.indices] <= as_of_s[case])
        & (as_of_s[case] <= data.courses.on_sale_until_s[fresh.indices])
    )
    targets = csr_array(
        (np.ones(possible.sum(), np.bool_), (case[possible], fresh.indices[possible])), fresh.shape
    )
    some = np.flatnonzero(np.diff(targets.indptr) > 0)
    return Cases(rows, seen, as_of_s, balance, limited, targets).take(some)


def sample_cases(cases: Cases, most: int, *, seed: int) -> Cases:
    """At most `most` of the cases, drawn with `seed`, in their order."""
    if cases.n_cases <= most:
        return cases
    chosen = np.random.default_rng(seed).permutation(cases.n_cases)[:most]
    return cases.take(np.sort(chosen))
