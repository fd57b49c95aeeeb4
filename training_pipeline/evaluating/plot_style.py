"""One look for every figure: colours that mean the same everywhere, readable sizes."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, PercentFormatter

CHOSEN = "#0b7285"
POPULARITY = "#adb5bd"
BOUGHT = "#e8590c"
INK = "#212529"
MUTED = "#6c757d"
LEGEND: dict[str, Any] = {"frameon": False, "fontsize": 10.5, "labelcolor": INK}


def new_figure(
    title: str, subtitle: str, *, columns: int = 1, rows: int = 1, height: float = 5.0
) -> tuple[Figure, list[Axes]]:
    """A titled figure and its axes, row by row; savefig needs no display."""
    below_titles = ConstrainedLayoutEngine(rect=(0.01, 0.01, 0.98, 0.98 - 0.62 / height))
    figure = Figure(figsize=(9.0, height), layout=below_titles, facecolor="white")
    grid = figure.subplots(rows, columns, squeeze=False)
    figure.text(0.02, 1 - 0.12 / height, title, size=15, weight="bold", color=INK, va="top")
    figure.text(0.02, 1 - 0.43 / height, subtitle, size=10.5, color=MUTED, va="top")
    axes = [axis for line in grid for axis in line]
    for axis in axes:
        _tidy(axis)
    return figure, axes


def panel_title(axis: Axes, text: str) -> None:
    """Above the panel, at its left."""
    axis.set_title(text, loc="left", size=11.5, color=INK)


def legend_below(figure: Figure, axis: Axes) -> None:
    """The legend of one panel below all of them."""
    handles = axis.get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=2, **LEGEND)


def per_cent(axis: Axes, *, x: bool = False, y: bool = False) -> None:
    """Shares as percentages."""
    for wanted, side in ((x, axis.xaxis), (y, axis.yaxis)):
        if wanted:
            side.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))


def share(value: float) -> str:
    """In words, as the axes have it: `95 %`."""
    return f"{value:.0%}".replace("%", " %")


def money(axis: Axes, *, unit: float) -> None:
    """Both axes in `unit` of the currency."""
    for side in (axis.xaxis, axis.yaxis):
        side.set_major_formatter(FuncFormatter(lambda value, _: f"{value / unit:g}"))


def _tidy(axis: Axes) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color("#ced4da")
    axis.tick_params(colors=MUTED, labelsize=10.5, length=0, pad=6)
    axis.grid(axis="y", color="#e9ecef", linewidth=1)
    axis.set_axisbelow(True)
    for label in (axis.xaxis.label, axis.yaxis.label):
        label.set(color=INK, size=11.5)
