"""Is it better for people it knows, and no worse for those it does not?"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from training_pipeline.evaluation import MAIN_METRIC, Evaluation
from training_pipeline.plots import style
from training_pipeline.plots.held_out import decisions, shown
from training_pipeline.record import TrainingRecord

MOST = 4  # this many earlier purchases or more are one group
WIDTH = 0.38


def quality_by_history(record: TrainingRecord) -> Figure | None:
    """Bars by earlier purchases, with 95 % intervals; None where nothing was held out."""
    found = shown(record)
    if not found:
        return None
    chosen, popularity = found["chosen"], found["popularity"]
    figure, (axis,) = style.new_figure(
        "Quality by number of earlier purchases",
        f"Mean NDCG@10 over {decisions(chosen)}; whiskers: 95 % interval",
    )
    group = np.minimum(chosen.cases["seen"].to_numpy(), MOST)
    present = [int(value) for value in np.unique(group)]
    _bars(axis, -WIDTH / 2, popularity, group, present, "popularity", style.POPULARITY)
    _bars(axis, WIDTH / 2, chosen, group, present, record.manifest.model, style.CHOSEN)
    axis.set_xticks(range(len(present)), [_label(value, group) for value in present])
    axis.set_xlabel("earlier purchases of the participant (n: decisions)")
    axis.set_ylabel("NDCG@10")
    axis.set_ylim(bottom=0)
    axis.margins(y=0.15)
    axis.legend(loc="upper left", ncols=2, **style.LEGEND)
    return figure


def _bars(
    axis: Axes,
    shift: float,
    evaluation: Evaluation,
    group: NDArray[np.int64],
    present: list[int],
    label: str,
    colour: str,
) -> None:
    values = evaluation.cases[MAIN_METRIC].to_numpy()
    parts = [values[group == value] for value in present]
    means = [float(part.mean()) for part in parts]
    half = [1.96 * float(part.std()) / np.sqrt(len(part)) for part in parts]
    places = np.arange(len(present)) + shift
    axis.bar(places, means, WIDTH, label=label, color=colour)
    axis.errorbar(places, means, half, fmt="none", ecolor=style.MUTED, elinewidth=1.2, capsize=3)
    for place, mean, whisker in zip(places, means, half, strict=True):
        text = f"{mean:.3f}"
        axis.annotate(
            text,
            (place, mean + whisker),
            (0, 3),
            textcoords="offset points",
            ha="center",
            size=10,
            color=style.INK,
        )


def _label(value: int, group: NDArray[np.int64]) -> str:
    words = "none" if value == 0 else f"{value} or more" if value == MOST else str(value)
    return f"{words}\nn = {int((group == value).sum()):,}"
