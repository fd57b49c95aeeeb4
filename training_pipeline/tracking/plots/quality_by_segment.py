"""Who is served worse than others?"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from saldopas.training_pipeline.evaluating import plot_style as style
from saldopas.training_pipeline.evaluating.intervals import MeanInterval, Segments
from saldopas.training_pipeline.tracking.held_out_quality import HeldOutQuality

METRIC = "recall@10"
MOST_GROUPS = 8  # of a column: the largest
ROW = 0.26  # inches


def quality_by_segment(quality: HeldOutQuality | None, model: str) -> Figure | None:
    """A row a group with its interval, popularity beside it; None where no group may be shown."""
    if quality is None:
        return None
    found = [
        (ours, theirs)
        for ours, theirs in zip(
            quality.segments_by(METRIC),
            quality.segments_by(METRIC, policy="popularity"),
            strict=True,
        )
        if len(ours.groups) > 1
    ]
    if not found:
        return None
    rows = [min(len(ours.groups), MOST_GROUPS) for ours, _ in found]
    figure, axes = style.new_figure(
        "Recall@10 by segment",
        f"{quality.decisions.n_decisions:,} decisions of the test cut; bars: "
        f"{style.share(quality.config.level)} interval over participants; groups of fewer than "
        f"{quality.config.min_people} are not shown",
        rows=len(found),
        height=1.5 + 0.42 * len(found) + ROW * sum(rows),
    )
    grid = axes[0].get_gridspec()
    if grid is not None:
        grid.set_height_ratios([count + 0.8 for count in rows])
    for axis, (ours, theirs) in zip(axes, found, strict=True):
        _column(axis, ours, theirs)
    low, high = _limits([one for pair in found for one in pair])
    for axis in axes:
        axis.set_xlim(low, high)
        axis.tick_params(labelbottom=axis is axes[-1])
    axes[-1].set_xlabel(METRIC.capitalize())
    shapes = ((model, style.CHOSEN, "o"), ("popularity", style.POPULARITY, "D"))
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="", label=label)
        for label, colour, marker in shapes
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, **style.LEGEND)
    return figure


def _column(axis: Axes, ours: Segments, theirs: Segments) -> None:
    labels = _largest(ours)
    for place, label in enumerate(reversed(labels)):
        value, other = ours.groups[label], theirs.groups[label]
        axis.plot(other.mean or 0.0, place, "D", color=style.POPULARITY, markersize=5)
        if value.low is not None and value.high is not None:
            ends = (value.low, value.high)
            axis.plot(ends, (place, place), color=style.CHOSEN, linewidth=1.8, alpha=0.7)
        axis.plot(value.mean or 0.0, place, "o", color=style.CHOSEN, markersize=6)
    style.panel_title(axis, ours.column)
    words = [f"{label} ({ours.groups[label].people:,})" for label in reversed(labels)]
    axis.set_yticks(range(len(labels)), words)
    axis.set_ylim(-0.6, len(labels) - 0.4)
    axis.tick_params(axis="y", labelsize=9)
    axis.grid(axis="y", visible=False)
    axis.grid(axis="x", color="#e9ecef")


def _largest(one: Segments) -> list[str]:
    """The groups with the most participants, in their natural order."""
    by_size = sorted(one.groups, key=lambda label: -one.groups[label].people)[:MOST_GROUPS]
    return [label for label in one.groups if label in by_size]


def _limits(found: list[Segments]) -> tuple[float, float]:
    values = [one.groups[label] for one in found for label in _largest(one)]
    ends = [end for value in values for end in _ends(value)]
    margin = 0.05 * (max(ends) - min(ends)) or 0.01
    return max(min(ends) - margin, 0.0), min(max(ends) + margin, 1.0)


def _ends(value: MeanInterval) -> list[float]:
    return [end for end in (value.mean, value.low, value.high) if end is not None]
