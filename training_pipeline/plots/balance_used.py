"""How much of the balance does somebody use who follows the list?"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training_pipeline.held_out_quality import HeldOutQuality
from training_pipeline.metrics import CUTOFFS
from training_pipeline.plots import style

DEPTH = 10
POINTS = 200


def balance_used(quality: HeldOutQuality | None, model: str) -> Figure | None:
    """Share used by length of the list, and what is left; None where no balance is known."""
    if quality is None or f"balance_used@{DEPTH}" not in quality.measured["chosen"].metrics:
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
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, **style.LEGEND
    )
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
    balance = quality.decisions.balance_rp
    known = ~np.isnan(left) & (balance > 0)
    share = np.sort(left[known] / balance[known])
    points = np.linspace(0, 1, POINTS)
    reached = np.searchsorted(share, points, side="right") / len(share)
    axis.plot(points, reached, color=colour, linewidth=2.2, label=label)
