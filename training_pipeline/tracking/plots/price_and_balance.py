"""What do the recommended courses cost, beside the balance of the moment?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from numpy.typing import NDArray
from saldopas.features.requests.batch import build_requests
from saldopas.features.requests.participants import KnownParticipants
from saldopas.models.policy.policy import Policy
from saldopas.training_pipeline.evaluating import plot_style as style
from saldopas.training_pipeline.training.record import TrainingRecord

MOMENTS = 10_000
DEPTH = 5
GRIDS = (30, 24, 20, 16, 12, 10, 8, 6, 5, 4, 3, 2)  # cells a side, the finest first
SHOWN = 0.9  # share of the purchases that the cells of a grid have to show


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
    requests = build_requests(known, as_of_s=data.events.at_s[events], count=DEPTH)
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
        f"{len(events):,} past purchases and the first {DEPTH} courses for each; a cell is of "
        f"{least} participants or more",
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
