"""Is it better for people it knows, and no worse for those it does not?"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from saldopas.training_pipeline.evaluating import plot_style as style
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC
from saldopas.training_pipeline.evaluating.intervals import MeanInterval
from saldopas.training_pipeline.tracking.held_out_quality import HeldOutQuality

COLUMN = "history"
METRICS = {"recall@10": "Recall@10", MAIN_METRIC: "NDCG@10"}
WIDTH = 0.38


def quality_by_history(quality: HeldOutQuality | None, model: str) -> Figure | None:
    """Bars by earlier purchases, with intervals; None where no group may be shown."""
    if quality is None or not _groups(quality, MAIN_METRIC, "chosen"):
        return None
    figure, axes = style.new_figure(
        "Quality by number of earlier purchases",
        f"{quality.decisions.n_decisions:,} decisions of the test cut; whiskers: "
        f"{style.share(quality.config.level)} interval over participants",
        columns=len(METRICS),
        height=5.4,
    )
    for axis, (metric, words) in zip(axes, METRICS.items(), strict=True):
        _panel(axis, quality, metric, model)
        style.panel_title(axis, words)
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, **style.LEGEND
    )
    return figure


def _panel(axis: Axes, quality: HeldOutQuality, metric: str, model: str) -> None:
    ours = _groups(quality, metric, "chosen")
    theirs = _groups(quality, metric, "popularity")
    _bars(axis, -WIDTH / 2, theirs, "popularity", style.POPULARITY)
    _bars(axis, WIDTH / 2, ours, model, style.CHOSEN)
    labels = [f"{'none' if name == '0' else name}\n{value.cases:,}" for name, value in ours.items()]
    axis.set_xticks(range(len(labels)), labels)
    axis.set_xlabel("earlier purchases; decisions")
    axis.margins(y=0.1)
    axis.set_ylim(bottom=0)


def _bars(
    axis: Axes, shift: float, groups: dict[str, MeanInterval], label: str, colour: str
) -> None:
    means = np.array([value.mean or 0.0 for value in groups.values()])
    ends = [
        (value.low or 0.0, value.high or 0.0) if value.people > 1 else (mean, mean)
        for mean, value in zip(means, groups.values(), strict=True)
    ]
    low, high = np.transpose(ends)
    places = np.arange(len(means)) + shift
    axis.bar(places, means, WIDTH, label=label, color=colour)
    whiskers = np.clip([means - low, high - means], 0, None)
    axis.errorbar(
        places, means, whiskers, fmt="none", ecolor=style.MUTED, elinewidth=1.2, capsize=3
    )
    for place, mean, top in zip(places, means, high, strict=True):
        axis.annotate(
            f"{mean:.2f}",
            (place, top),
            (0, 3),
            textcoords="offset points",
            ha="center",
            size=9,
            color=style.INK,
        )


def _groups(quality: HeldOutQuality, metric: str, policy: str) -> dict[str, MeanInterval]:
    by_column = {one.column: one.groups for one in quality.segments_by(metric, policy=policy)}
    return by_column[COLUMN]
