"""How the best of each model grew, trial by trial."""

from __future__ import annotations

from itertools import accumulate

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from saldopas.training_pipeline.evaluating import plot_style as style
from saldopas.training_pipeline.tuning.attempts import Attempt, best_of
from saldopas.training_pipeline.tuning.outcome import TuningOutcome

COLUMNS = 2


def history_plot(outcome: TuningOutcome) -> Figure:
    """A panel a model: complete trials as dots, the best so far as a line, the defaults dashed.

    What was stopped early has no mean over all windows, and is only counted.
    """
    models = [model for model in outcome.plan.models if outcome.of(model)]
    rows = -(-len(models) // COLUMNS)
    figure, axes = style.new_figure(
        "What was tried, and the best so far",
        f"NDCG@10, mean over {len(outcome.plan.windows)} validation windows; dashed: the defaults",
        columns=min(COLUMNS, len(models)),
        rows=rows,
        height=1.2 + 2.5 * rows,
    )
    for axis, model in zip(axes, models, strict=False):
        _panel(axis, model, outcome.of(model))
    for axis in axes[len(models) :]:
        axis.set_visible(False)
    return figure


def _panel(axis: Axes, model: str, tried: list[Attempt]) -> None:
    complete = [(one.number, one.score) for one in tried if one.score is not None]
    best = best_of(tried)
    words = f"{model}: {best.score:.4f}" if best and best.score is not None else f"{model}: none"
    stopped = sum(one.state == "pruned" for one in tried)
    style.panel_title(axis, f"{words} ({stopped} of {len(tried)} stopped)")
    axis.set_xlabel("trial")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    if not complete:
        return
    numbers, scores = zip(*complete, strict=True)
    axis.plot(numbers, scores, "o", markersize=5, color=style.MUTED, alpha=0.6)
    axis.step(numbers, list(accumulate(scores, max)), where="post", color=style.CHOSEN, linewidth=2)
    if complete[0][0] == 1:
        axis.axhline(scores[0], color=style.POPULARITY, linestyle="--", linewidth=1.4)
