"""What do the recommended courses cost, beside the balance of the moment?"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from models.policy import Policy
from training_pipeline.plots import style
from training_pipeline.record import TrainingRecord

MOMENTS = 3_000
DEPTH = 5
GRID = 30


def price_and_balance(record: TrainingRecord, policy: Policy) -> Figure | None:
    """Past purchases against what `policy` would have shown; None without prices or balances."""
    data = record.data
    if not data.courses.price_rp.any():
        return None
    events = _moments(record)
    if len(events) == 0:
        return None
    rows = data.events.rows[events]
    seen = events - data.events.indptr[rows]
    requests = data.requests(
        rows,
        seen,
        as_of_s=data.events.at_s[events],
        count=DEPTH,
        vocabulary=record.manifest.vocabulary,
    )
    lists = policy.recommend(requests)
    balance = requests.limit_rp
    bought = data.courses.price_rp[data.events.item_idx[events]]
    shown = data.courses.price_rp[lists.item_idx]
    shown_balance = np.repeat(balance, np.diff(lists.indptr))
    figure, axes = style.new_figure(
        "Price of what is recommended and of what was bought, by balance",
        f"{len(events):,} past purchases at the balance of their moment; first {DEPTH} courses "
        "of the registered policy for each",
        columns=2,
        height=5.4,
    )
    limit = 1.05 * max(int(balance.max()), int(bought.max()), 1)
    unit, words = _unit(limit, data.config.currency)
    _panel(axes[0], "recommended", shown_balance, shown, limit, style.CHOSEN)
    _panel(axes[1], "bought", balance, bought, limit, style.BOUGHT)
    for axis in axes:
        style.money(axis, unit=unit)
        axis.set_xlabel(f"balance before the purchase, {words}")
    axes[0].set_ylabel(f"price of the course, {words}")
    return figure


def _moments(record: TrainingRecord) -> NDArray[np.int64]:
    """A seeded sample of the purchases whose balance is known, in order."""
    data = record.data
    known = data.kept & data.has_grant[data.events.rows] & ~data.opted_out[data.events.rows]
    drawn = np.random.default_rng(record.manifest.seed).permutation(np.flatnonzero(known))
    return np.sort(drawn[:MOMENTS])


def _panel(
    axis: Axes,
    words: str,
    balance: NDArray[np.int64],
    price: NDArray[np.int64],
    limit: float,
    colour: str,
) -> None:
    above = float((price > balance).mean()) if len(price) else 0.0
    style.panel_title(axis, f"{words}: {above:.1%} above the balance".replace("%", " %"))
    shade = LinearSegmentedColormap.from_list(words, ["#ffffff", colour])
    counts, edges, _ = np.histogram2d(price, balance, bins=GRID, range=((0, limit), (0, limit)))
    axis.pcolormesh(
        edges, edges, np.ma.masked_equal(counts, 0), cmap=shade, norm="log", rasterized=True
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
