"""Past decisions to predict: who, when, with how much, and what was bought."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import IndexedDataset
from scipy.sparse import csr_array, vstack


@dataclass(frozen=True)
class LeftOut:
    """Numbers of purchases, each under the first reason that holds.

    Attributes:
        cancelled: no decision to predict; opted_out: of people who are not looked at.
        bought_before: owned already at the moment, or the second of its kind in a basket.
        not_on_sale: outside the catalogue's dates at the moment.
        not_eligible: the least age or education of the course is not surely reached.
        above_balance: the catalogue's price is above what could be spent, so that no policy may
            list the course, whatever was paid for it.
        not_drawn: of decisions beyond the most that are looked at.
    """

    cancelled: int = 0
    opted_out: int = 0
    bought_before: int = 0
    not_on_sale: int = 0
    not_eligible: int = 0
    above_balance: int = 0
    not_drawn: int = 0

    @classmethod
    def total(cls, parts: Iterable[LeftOut]) -> Self:
        """All parts together."""
        found = list(parts)
        names = [field.name for field in fields(cls)]
        return cls(**{name: sum(getattr(part, name) for part in found) for name in names})


Decided = Literal["replay", "window", "mixed"]
COLUMNS = ("row", "seen", "as_of_s", "balance_rp", "has_balance", "proxy", "paid_rp")


@dataclass(frozen=True)
class Cases:
    """B decisions to predict; arrays are (B,).

    Attributes:
        row: participant; seen: purchases known at the moment; as_of_s: the moment.
        balance_rp, has_balance: the balance at the moment, or its proxy.
        proxy: whether the balance is the declared proxy, no balance being known.
        paid_rp: what was paid for the targets, the mean where a basket holds several.
        targets: (B, n_items) what was bought and could be: not owned, on sale, allowed, affordable.
        left_out: purchases of the period that stand in no decision, and why.
    """

    row: NDArray[np.int64]
    seen: NDArray[np.int64]
    as_of_s: NDArray[np.int64]
    balance_rp: NDArray[np.int64]
    has_balance: NDArray[np.bool_]
    proxy: NDArray[np.bool_]
    paid_rp: NDArray[np.float64]
    targets: csr_array
    left_out: LeftOut

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
        return replace(self, **{name: getattr(self, name)[rows] for name in (*COLUMNS, "targets")})

    @classmethod
    def joined(cls, parts: Sequence[Cases]) -> Cases:
        """The decisions of all parts, at least one, one part after the other."""
        return cls(
            **{name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS},
            targets=csr_array(vstack([part.targets for part in parts], format="csr")),
            left_out=LeftOut.total(part.left_out for part in parts),
        )


def cases_from(data: IndexedDataset, from_s: int, until_s: int | None, decided: Decided) -> Cases:
    """Decisions in [from_s, until_s) of everybody who did not opt out.

    `replay`: each purchase is a decision; `window`: a participant's purchases are one basket;
    `mixed`: a replay of those whose balance is known, and the baskets of the others.
    """
    at_s = data.events.at_s
    inside = at_s >= from_s
    if until_s is not None:
        inside &= at_s < until_s
    events, left_out = _predictable(data, inside)
    known = data.has_grant[data.events.rows[events]]
    each = {"replay": np.ones(len(events), np.bool_), "window": np.zeros(len(events), np.bool_)}
    alone = each.get(decided, known)
    found = Cases.joined(
        [_replayed(data, events[alone]), _basket_window(data, events[~alone], from_s)]
    )
    return replace(found, left_out=LeftOut.total([found.left_out, left_out]))


def replayed(data: IndexedDataset, held_out: NDArray[np.bool_]) -> Cases:
    """Each (E,) purchase with a True is a decision, at its time, after what its buyer bought."""
    events, left_out = _predictable(data, held_out)
    found = _replayed(data, events)
    return replace(found, left_out=LeftOut.total([found.left_out, left_out]))


def sample_cases(cases: Cases, most: int, *, seed: int) -> Cases:
    """At most `most` of the cases, drawn with `seed`, in their order."""
    if cases.n_cases <= most:
        return cases
    chosen = np.random.default_rng(seed).permutation(cases.n_cases)[:most]
    found = cases.take(np.sort(chosen))
    not_drawn = LeftOut(not_drawn=cases.targets.nnz - found.targets.nnz)
    return replace(found, left_out=LeftOut.total([cases.left_out, not_drawn]))


def _predictable(
    data: IndexedDataset, inside: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], LeftOut]:
    """The purchases that count, of (E,) `inside`: kept, and of people who did not opt out."""
    hidden = data.opted_out[data.events.rows]
    return np.flatnonzero(inside & data.kept & ~hidden), LeftOut(
        cancelled=int((inside & ~data.kept).sum()),
        opted_out=int((inside & data.kept & hidden).sum()),
    )


def _replayed(data: IndexedDataset, events: NDArray[np.int64]) -> Cases:
    rows = data.events.rows[events]
    seen = events - data.events.indptr[rows]
    return _cases_of(
        data,
        events,
        np.arange(len(events)),
        rows=rows,
        seen=seen,
        as_of_s=data.events.at_s[events],
        balance_rp=data.balance_rp(rows, seen),
        proxy=np.zeros(len(events), np.bool_),
    )


def _basket_window(data: IndexedDataset, events: NDArray[np.int64], from_s: int) -> Cases:
    """All that a participant bought in the window is one basket, decided at its beginning.

    Where no grant is known the balance is a declared proxy: what was spent in the window on courses
    that were on sale at its beginning. Where everything is free there is no limit.
    """
    rows, case = np.unique(data.events.rows[events], return_inverse=True)
    seen = data.seen_before(from_s)[rows]
    items = data.events.item_idx[events]
    on_sale = data.courses.on_sale_from_s[items] <= from_s
    on_sale &= from_s <= data.courses.on_sale_until_s[items]
    spent = np.bincount(case, np.where(on_sale, data.paid_rp[events], 0), len(rows))
    known = data.has_grant[rows]
    return _cases_of(
        data,
        events,
        case,
        rows=rows,
        seen=seen,
        as_of_s=np.full(len(rows), from_s, np.int64),
        balance_rp=np.where(known, data.balance_rp(rows, seen), spent.astype(np.int64)),
        proxy=~known & bool(data.courses.price_rp.any()),
    )


def _cases_of(
    data: IndexedDataset,
    events: NDArray[np.int64],
    case: NDArray[np.integer],
    *,
    rows: NDArray[np.int64],
    seen: NDArray[np.int64],
    as_of_s: NDArray[np.int64],
    balance_rp: NDArray[np.int64],
    proxy: NDArray[np.bool_],
) -> Cases:
    """Cases with the targets that were possible; those left without any are dropped.

    Args:
        data: the dataset; events: (E,) purchases; case: (E,) place of each in the (B,) arrays.
        rows, seen, as_of_s, balance_rp, proxy: (B,), see `Cases`.
    """
    n_cases, n_items = len(rows), data.courses.n_items
    items = data.events.item_idx[events]
    has_balance = data.has_grant[rows] | proxy
    pair = case * n_items + items
    owned = data.events.prefixes(rows, seen)
    again = np.ones(len(events), np.bool_)
    again[np.unique(pair, return_index=True)[1]] = False
    again |= np.isin(pair, owned.rows * n_items + owned.item_idx)
    off_sale = data.courses.on_sale_from_s[items] > as_of_s[case]
    off_sale |= as_of_s[case] > data.courses.on_sale_until_s[items]
    barred = data.courses.min_age[items] > data.age_at_least[rows][case]
    barred |= data.courses.min_education[items] > data.education_at_least[rows][case]
    above = has_balance[case] & (data.courses.price_rp[items] > balance_rp[case])
    good = ~(again | off_sale | barred | above)
    targets = csr_array(
        (np.ones(good.sum(), np.bool_), (case[good], items[good])), (n_cases, n_items)
    )
    targets.sort_indices()
    count = np.diff(targets.indptr)
    paid = np.bincount(case[good], data.paid_rp[events][good], n_cases) / np.maximum(count, 1)
    left_out = LeftOut(
        bought_before=int(again.sum()),
        not_on_sale=int((off_sale & ~again).sum()),
        not_eligible=int((barred & ~off_sale & ~again).sum()),
        above_balance=int((above & ~barred & ~off_sale & ~again).sum()),
    )
    found = Cases(rows, seen, as_of_s, balance_rp, has_balance, proxy, paid, targets, left_out)
    return found.take(np.flatnonzero(count > 0))
