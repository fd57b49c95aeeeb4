"""Figures of a search: every fit of a training, and the best of each model so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from saldopas.training_pipeline.evaluating import plot_style as style
from saldopas.training_pipeline.training.record import TrainingRecord, Trial
from saldopas.training_pipeline.tuning.outcome import TuningOutcome, best_of

STAGES = {
    "history": "people with earlier purchases",
    "profile": "people without any, by profile",
    "popular": "people without any, by popularity",
}


def trials(record: TrainingRecord) -> Figure | None:
    """A dot for each trial, a row for each model; None where nothing was compared."""
    by_stage = {
        stage: [trial for trial in record.trials if trial.stage == stage] for stage in STAGES
    }
    by_stage = {stage: found for stage, found in by_stage.items() if found}
    if not by_stage:
        return None
    rows = [len({trial.model for trial in found}) for found in by_stage.values()]
    figure, axes = style.new_figure(
        "Everything that was tried",
        f"NDCG@10 of {len(record.trials)} fits on the validation cut; filled: chosen",
        rows=len(by_stage),
        height=1.6 + 0.75 * len(by_stage) + 0.42 * sum(rows),
    )
    grid = axes[0].get_gridspec()
    if grid is not None:
        grid.set_height_ratios([count + 0.6 for count in rows])
    for axis, (stage, found) in zip(axes, by_stage.items(), strict=True):
        _stage(axis, STAGES[stage] + _elsewhere(record, stage, found), found)
    axes[-1].set_xlabel("NDCG@10")
    return figure


def _elsewhere(record: TrainingRecord, stage: str, found: list[Trial]) -> str:
    """Name the model that answers at a stage without a chosen trial."""
    if any(trial.chosen for trial in found):
        return ""
    answers = [part.model for part in record.manifest.recipe.stages if part.source == stage]
    return (
        f": {answers[0]} answers, tried above" if answers else ": none was better than popularity"
    )


def _stage(axis: Axes, words: str, found: list[Trial]) -> None:
    best = {name: max(t.score for t in found if t.model == name) for name in _names(found)}
    order = sorted(best, key=lambda name: best[name])
    for trial in sorted(found, key=lambda trial: trial.chosen):
        axis.plot(
            trial.score,
            order.index(trial.model),
            "o",
            markersize=11 if trial.chosen else 8,
            markerfacecolor=style.CHOSEN if trial.chosen else "white",
            markeredgecolor=style.CHOSEN if trial.chosen else style.MUTED,
            markeredgewidth=1.4,
            alpha=1.0 if trial.chosen else 0.8,
        )
        if trial.chosen:
            axis.annotate(
                f"{trial.score:.4f}",
                (trial.score, order.index(trial.model)),
                (0, 9),
                textcoords="offset points",
                ha="center",
                size=10,
                color=style.INK,
            )
    style.panel_title(axis, words)
    axis.set_yticks(range(len(order)), order)
    axis.set_ylim(-0.6, len(order) - 0.2)
    axis.set_xlim(*_limits([trial.score for trial in found]))
    axis.grid(axis="x", color="#e9ecef")


def _limits(scores: list[float]) -> tuple[float, float]:
    """At least a tenth of the best score wide, so that nothing looks larger than it is."""
    low, high = min(scores), max(scores)
    short = max(0.1 * high - (high - low), 0.0)
    margin = 0.08 * (high - low) + short / 2 or 0.01
    return low - margin, high + margin


def _names(found: list[Trial]) -> set[str]:
    return {trial.model for trial in found}


@dataclass(frozen=True)
class SearchPanel:
    """The search of one model.

    Attributes:
        title: above the panel.
        tried: place and score of each trial that came to its end, in order.
        default: score of the defaults, dashed; kept: the trial that was taken, filled.
    """

    title: str
    tried: Sequence[tuple[int, float]]
    default: float | None
    kept: tuple[int, float] | None = None


def search_history(record: TrainingRecord) -> Figure | None:
    """A panel a model that was searched, in the order of trying; None where none was."""
    by_model: dict[str, list[Trial]] = {}
    for trial in record.trials:
        by_model.setdefault(trial.model, []).append(trial)
    panels = []
    for model, found in by_model.items():
        if len(found) > 1:  # what was kept comes first; another may be better by chance
            tried = sorted((trial.place, trial.score) for trial in found)
            kept = (found[0].place, found[0].score)
            title = f"{model}: {kept[1]:.4f} ({len(found)} fits)"
            panels.append(SearchPanel(title, tried, tried[0][1], kept))
    if not panels:
        return None
    return _search_figure(
        "Search of hyperparameters: what was tried, and the best so far",
        "NDCG@10 on validation, of the people whom each answers for; dashed: the defaults; filled: "
        "kept",
        panels,
    )


def history_plot(outcome: TuningOutcome) -> Figure:
    """A panel a model: complete trials as dots, the best so far as a line, the defaults dashed.

    What was stopped early has no mean over all windows, and is only counted.
    """
    panels = []
    for model in outcome.plan.models:
        if found := outcome.of(model):
            complete = [(one.number, one.score) for one in found if one.score is not None]
            best = best_of(found)
            told = f"{best.score:.4f}" if best and best.score is not None else "none"
            stopped = sum(one.state == "pruned" for one in found)
            title = f"{model}: {told} ({stopped} of {len(found)} stopped)"
            default = complete[0][1] if complete and complete[0][0] == 1 else None
            panels.append(SearchPanel(title, complete, default))
    return _search_figure(
        "What was tried, and the best so far",
        f"NDCG@10, mean over {len(outcome.plan.windows)} validation windows; dashed: the defaults",
        panels,
    )


def _search_figure(title: str, subtitle: str, panels: Sequence[SearchPanel]) -> Figure:
    """Two panels a row."""
    rows = -(-len(panels) // 2)
    figure, axes = style.new_figure(
        title, subtitle, columns=min(2, len(panels)), rows=rows, height=1.2 + 2.5 * rows
    )
    for axis, panel in zip(axes, panels, strict=False):
        style.panel_title(axis, panel.title)
        axis.set_xlabel("order of trying")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        if panel.tried:
            places, scores = zip(*panel.tried, strict=True)
            best = list(accumulate(scores, max))
            axis.plot(places, scores, "o", markersize=5, color=style.MUTED, alpha=0.6)
            axis.step(places, best, where="post", color=style.CHOSEN, linewidth=2)
        if panel.kept is not None:
            axis.plot(*panel.kept, "o", markersize=9, color=style.CHOSEN)
        if panel.default is not None:
            axis.axhline(panel.default, color=style.POPULARITY, linestyle="--", linewidth=1.4)
    for axis in axes[len(panels) :]:
        axis.set_visible(False)
    return figure
