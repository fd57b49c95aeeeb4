"""Figures of the reports: metrics and differences with their intervals."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from saldopas.training_pipeline.evaluating import plot_style as style

COLOURS = {"chosen": style.CHOSEN, "popularity": style.POPULARITY}


def evaluation_figure(rows: pd.DataFrame, *, title: str) -> Figure:
    """A panel a metric, a point a policy: rows of `EvaluationReport.to_frame`."""
    metrics = list(dict.fromkeys(rows["metric"]))
    figure, axes = style.new_figure(
        title, "means over decisions; intervals over participants", columns=len(metrics), height=3.2
    )
    for axis, metric in zip(axes, metrics, strict=True):
        shown = rows[rows["metric"] == metric]
        for place, row in enumerate(shown.to_dict("records")):
            colour = COLOURS.get(row["policy"], style.CHOSEN)
            axis.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=2)
            axis.plot(row["mean"], place, "o", color=colour)
        axis.set_yticks(range(len(shown)), shown["policy"])
        axis.set_ylim(-0.6, len(shown) - 0.4)
        style.panel_title(axis, metric)
    return figure


def comparison_figure(rows: pd.DataFrame, *, title: str) -> Figure:
    """A line a metric: rows of `ComparisonReport.to_frame`, over what a test would detect."""
    shown = rows[rows["detectable"] > 0][::-1]
    figure, (axis,) = style.new_figure(
        title,
        "B - A over the smallest difference that a test detects; lines: intervals",
        height=1.8 + 0.34 * len(shown),
    )
    for place, row in enumerate(shown.to_dict("records")):
        decided = row["verdict"] != "undecided"
        colour = style.CHOSEN if decided else style.MUTED
        ends = [row["low"] / row["detectable"], row["high"] / row["detectable"]]
        axis.plot(ends, [place, place], color=colour, linewidth=2)
        axis.plot(row["difference"] / row["detectable"], place, "o", color=colour)
    axis.axvline(0, color=style.MUTED, linewidth=1, linestyle=":")
    axis.set_yticks(range(len(shown)), shown["metric"])
    axis.grid(axis="x", color="#e9ecef")
    axis.grid(visible=False, axis="y")
    return figure
