"""How did the best of each model grow while it was searched?"""

from __future__ import annotations

from itertools import accumulate

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from saldopas.training_pipeline.evaluating import plot_style as style
from saldopas.training_pipeline.training.record import TrainingRecord, Trial

COLUMNS = 2


def search_history(record: TrainingRecord) -> Figure | None:
    """A panel a model that was searched, in the order of trying; None where none was."""
    by_model: dict[str, list[Trial]] = {}
    for trial in record.trials:
        by_model.setdefault(trial.model, []).append(trial)
    searched = {model: found for model, found in by_model.items() if len(found) > 1}
    if not searched:
        return None
    rows = -(-len(searched) // COLUMNS)
    figure, axes = style.new_figure(
        "Search of hyperparameters: what was tried, and the best so far",
        "NDCG@10 on validation, of the people whom each answers for; dashed: the defaults; filled: "
        "kept",
        columns=min(COLUMNS, len(searched)),
        rows=rows,
        height=1.2 + 2.5 * rows,
    )
    for axis, found in zip(axes, searched.values(), strict=False):
        _panel(axis, sorted(found, key=lambda trial: trial.place), kept=found[0])
    for axis in axes[len(searched) :]:
        axis.set_visible(False)
    return figure


def _panel(axis: Axes, found: list[Trial], *, kept: Trial) -> None:
    """`kept` comes first in the record; another may be better by chance, and was not taken."""
    places = [trial.place for trial in found]
    scores = [trial.score for trial in found]
    style.panel_title(axis, f"{kept.model}: {kept.score:.4f} ({len(found)} fits)")
    axis.plot(places, scores, "o", markersize=5, color=style.MUTED, alpha=0.6)
    axis.step(places, list(accumulate(scores, max)), where="post", color=style.CHOSEN, linewidth=2)
    axis.plot(kept.place, kept.score, "o", markersize=9, color=style.CHOSEN)
    axis.axhline(scores[0], color=style.POPULARITY, linestyle="--", linewidth=1.4)
    axis.set_xlabel("order of trying")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
