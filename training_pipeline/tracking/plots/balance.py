"""Figures of balance and catalogue: share used, prices, popularity of courses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from numpy.typing import NDArray
from saldopas.features.requests.batch import build_requests
from saldopas.features.requests.participants import KnownParticipants
from saldopas.models.policy.policy import Policy, Recommendations
from saldopas.training_pipeline.evaluating import plot_style as style
from saldopas.training_pipeline.evaluating.decisions import CUTOFFS
from saldopas.training_pipeline.tracking.model_card import HeldOutQuality
from saldopas.training_pipeline.tracking.plots.quality import decisions, held_out
from saldopas.training_pipeline.training.record import TrainingRecord

DEPTH = 10
POINTS = 200
MOMENTS = 10_000
PANEL_DEPTH = 5
GRIDS = (30, 24, 20, 16, 12, 10, 8, 6, 5, 4, 3, 2)  # cells a side, the finest first
SHOWN = 0.9  # share of the purchases that the cells of a grid have to show
MARK = 0.1  # share of the catalogue that the legend speaks of


def balance_used(quality: HeldOutQuality | None, model: str) -> Figure | None:
    """Share used by length of the list, and what is left; None where too few have a balance."""
    if quality is None or any(
        f"balance_used@{k}" not in of["all"] for of in quality.intervals.values() for k in CUTOFFS
    ):
        return None
    figure, axes = style.new_figure(
        "Use of the balance",
        f"{quality.decisions.n_decisions:,} decisions of the test cut; left: one course of the "
        f"first k is bought; right: each of the first {DEPTH} that still fits",
        columns=2,
        height=5.4,
    )
    for policy, label, colour in (
        ("popularity", "popularity", style.POPULARITY),
        ("chosen", model, style.CHOSEN),
    ):
        _used(axes[0], quality, policy, label, colour)
        _left(axes[1], quality, policy, label, colour)
    style.panel_title(axes[0], "expected share that one purchase uses")
    axes[0].set_xlabel("k, courses in the list")
    axes[0].set_xticks(CUTOFFS)
    axes[0].margins(y=0.3)
    style.per_cent(axes[0], y=True)
    style.panel_title(axes[1], "participants with at most this left")
    axes[1].set_xlabel(f"left, share of the balance, after the first {DEPTH} courses")
    axes[1].set(xlim=(0, 1), ylim=(0, 1.02))
    style.per_cent(axes[1], x=True, y=True)
    style.legend_below(figure, axes[0])
    return figure


def _used(axis: Axes, quality: HeldOutQuality, policy: str, label: str, colour: str) -> None:
    values = [quality.intervals[policy]["all"][f"balance_used@{k}"] for k in CUTOFFS]
    means = [value.mean or 0.0 for value in values]
    axis.plot(CUTOFFS, means, "-o", color=colour, linewidth=2.2, label=label)
    known = [(k, one.low, one.high) for k, one in zip(CUTOFFS, values, strict=True)]
    ends = [(k, low, high) for k, low, high in known if low is not None and high is not None]
    if ends:
        ks, lows, highs = zip(*ends, strict=True)
        axis.fill_between(ks, lows, highs, color=colour, alpha=0.25, linewidth=0)


def _left(axis: Axes, quality: HeldOutQuality, policy: str, label: str, colour: str) -> None:
    left = quality.measured[policy].metrics[f"leftover_rp@{DEPTH}"].to_numpy(np.float64)
    balance, people = quality.decisions.balance_rp, quality.decisions.people
    known = ~np.isnan(left) & (balance > 0)
    share = left[known] / balance[known]
    points = told_points(share, people[known], min_people=quality.config.min_people)
    reached = [(share <= point).mean() for point in points]
    axis.plot(points, reached, color=colour, linewidth=2.2, label=label)


def told_points(
    share: NDArray[np.float64], people: NDArray[np.int64], *, min_people: int
) -> list[float]:
    """Points up to 1 with at least `min_people` participants between any two.

    So no step of the line is what one of them has left. At 0, where many may stand, a point is kept
    if enough or none do.
    """
    kept: list[float] = []
    for point in np.linspace(0, 1, POINTS):
        below = kept[-1] if kept else -1.0
        between = len(np.unique(people[(share > below) & (share <= point)]))
        if between >= min_people or (point == 0 and between == 0):
            kept.append(float(point))
    while kept and len(np.unique(people[share > kept[-1]])) < min_people:
        kept.pop()
    return [*kept, 1.0]


@dataclass(frozen=True)
class Points:
    """(N,) price of a course, balance of the moment, and whose."""

    price: NDArray[np.int64]
    balance: NDArray[np.int64]
    person: NDArray[np.int64]

    def told(self, limit: float, cells: int, *, min_people: int) -> NDArray[np.int64]:
        """(cells, cells) points by price and balance up to `limit`; 0 of too few participants."""
        step = limit / cells
        cell = (self.price // step).astype(np.int64) * cells
        cell += (self.balance // step).astype(np.int64)
        counts = np.bincount(cell, minlength=cells * cells)
        n_people = int(self.person.max(initial=0)) + 1
        whose = np.unique(cell * n_people + self.person) // n_people
        people = np.bincount(whose, minlength=cells * cells)
        return np.where(people >= min_people, counts, 0).reshape(cells, cells)


def price_and_balance(record: TrainingRecord, policy: Policy) -> Figure | None:
    """Past purchases against what `policy` would have shown.

    The grid is the finest that shows most purchases in cells of enough participants; the other
    cells are blank. None without prices, balances or enough participants.
    """
    data = record.data
    if not data.courses.price_rp.any():
        return None
    events = _moments(record)
    rows = data.events.rows[events]
    least = record.evaluation.min_people
    if len(np.unique(rows)) < least:
        return None
    seen = events - data.events.indptr[rows]
    known = KnownParticipants.of_dataset(data, rows, seen, record.manifest.vocabulary)
    requests = build_requests(known, as_of_s=data.events.at_s[events], count=PANEL_DEPTH)
    lists = policy.recommend(requests)
    balance = requests.balance_rp
    listed = np.repeat(np.arange(len(rows)), np.diff(lists.indptr))
    panels = {
        "recommended": Points(data.courses.price_rp[lists.item_idx], balance[listed], rows[listed]),
        "bought": Points(data.paid_rp[events], balance, rows),
    }
    limit = 1.05 * max(int(balance.max()), int(panels["bought"].price.max()), 1)
    cells = _finest(panels, limit, least)
    figure, axes = style.new_figure(
        "Price of what is recommended and of what was bought, by balance",
        f"{len(events):,} past purchases and the first {PANEL_DEPTH} courses for each; a cell is "
        f"of {least} participants or more",
        columns=2,
        height=5.4,
    )
    unit, in_words = _unit(limit, data.config.currency)
    for axis, (name, points) in zip(axes, panels.items(), strict=True):
        told = points.told(limit, cells, min_people=least)
        _panel(axis, name, points, told, limit, style.BOUGHT if name == "bought" else style.CHOSEN)
        style.money(axis, unit=unit)
        axis.set_xlabel(f"balance before the purchase, {in_words}")
    axes[0].set_ylabel(f"price of the course, {in_words}")
    return figure


def _finest(panels: dict[str, Points], limit: float, least: int) -> int:
    """Cells a side of the finest grid that shows `SHOWN` of the points of every panel."""
    for cells in GRIDS:
        told = [one.told(limit, cells, min_people=least).sum() for one in panels.values()]
        if all(
            found >= SHOWN * len(one.price)
            for found, one in zip(told, panels.values(), strict=True)
        ):
            return cells
    return GRIDS[-1]


def _moments(record: TrainingRecord) -> NDArray[np.int64]:
    """A seeded sample of the purchases whose balance is known, in order."""
    data = record.data
    known = data.kept & data.has_grant[data.events.rows] & ~data.opted_out[data.events.rows]
    drawn = np.random.default_rng(record.manifest.seed).permutation(np.flatnonzero(known))
    return np.sort(drawn[:MOMENTS])


def _panel(
    axis: Axes,
    words: str,
    points: Points,
    told: NDArray[np.int64],
    limit: float,
    colour: str,
) -> None:
    above = float((points.price > points.balance).mean()) if len(points.price) else 0.0
    style.panel_title(axis, f"{words}: {above:.1%} above the balance".replace("%", " %"))
    shade = LinearSegmentedColormap.from_list(words, [to_rgba(colour, 0.2), to_rgba(colour)])
    edges = np.linspace(0, limit, len(told) + 1)
    axis.pcolormesh(
        edges, edges, np.ma.masked_equal(told, 0), cmap=shade, norm="log", rasterized=True
    )
    axis.plot((0, limit), (0, limit), color=style.MUTED, linewidth=1.2, linestyle="--")
    axis.annotate(
        "price = balance",
        (0.60 * limit, 0.60 * limit),
        (-6, 6),
        textcoords="offset points",
        ha="right",
        size=10,
        color=style.MUTED,
    )
    axis.set(xlim=(0, limit), ylim=(0, limit))
    axis.set_aspect("equal")


def _unit(limit: float, currency: str) -> tuple[float, str]:
    if limit >= 1e6:
        return 1e6, f"million {currency}"
    return (1e3, f"thousand {currency}") if limit >= 1e4 else (1.0, currency)


def catalogue_share(record: TrainingRecord) -> Figure | None:
    """Cumulative share of what is bought and recommended; None where nothing was held out."""
    found = held_out(record)
    if not found:
        return None
    data = record.data
    bought = np.bincount(data.events.item_idx[data.kept], minlength=data.courses.n_items)
    order = np.argsort(-bought, kind="stable")
    figure, (axis,) = style.new_figure(
        "Popularity of what is recommended and of what is bought",
        f"First {DEPTH} places over {decisions(found['chosen'])}; all purchases",
    )
    lines = (
        ("popularity", _shown_often(found["popularity"].lists, len(order)), style.POPULARITY),
        (record.manifest.model, _shown_often(found["chosen"].lists, len(order)), style.CHOSEN),
        ("bought", bought, style.BOUGHT),
    )
    catalogue = np.arange(len(order) + 1) / len(order)
    for label, counts, colour in lines:
        share = np.concatenate([[0.0], np.cumsum(counts[order]) / max(int(counts.sum()), 1)])
        at_mark = float(np.interp(MARK, catalogue, share))
        words = f"{label}: {at_mark:.0%} from the best-selling {MARK:.0%}"
        axis.plot(catalogue, share, color=colour, linewidth=2.4, label=words.replace("%", " %"))
    axis.axvline(MARK, color=style.MUTED, linewidth=1, linestyle=":")
    axis.set_xlabel("share of the catalogue, best-selling courses first")
    axis.set_ylabel("cumulative share")
    axis.set(xlim=(0, 1), ylim=(0, 1.02))
    style.per_cent(axis, x=True, y=True)
    axis.legend(loc="lower right", **style.LEGEND)
    return figure


def _shown_often(lists: Recommendations, n_items: int) -> NDArray[np.int64]:
    """(n_items,) how often each course stands in the first places."""
    rank = np.arange(len(lists.item_idx)) - np.repeat(lists.indptr[:-1], np.diff(lists.indptr))
    return np.asarray(np.bincount(lists.item_idx[rank < DEPTH], minlength=n_items), np.int64)
