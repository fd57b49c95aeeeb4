"""How much of the balance does somebody use who follows the list?"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from saldopas.training_pipeline.evaluating import plot_style as style
from saldopas.training_pipeline.evaluating.decisions import CUTOFFS
from saldopas.training_pipeline.tracking.held_out_quality import HeldOutQuality

DEPTH = 10
POINTS = 200


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
