"""What was tried: every fit of a training, and the best of each model so far."""

from __future__ import annotations

from itertools import accumulate

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from saldopas.training_pipeline.evaluating import plot_style as style
from saldopas.training_pipeline.training.record import TrainingRecord, Trial
from saldopas.training_pipeline.tuning.outcome import Attempt, TuningOutcome, best_of

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
    """What answers at a stage where none of its own trials was chosen."""
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
        _tuning_panel(axis, model, outcome.of(model))
    for axis in axes[len(models) :]:
        axis.set_visible(False)
    return figure


def _tuning_panel(axis: Axes, model: str, tried: list[Attempt]) -> None:
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
