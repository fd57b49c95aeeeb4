"""What else was tried, and how it did on the validation cut?"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from saldopas.training_pipeline.evaluating import plot_style as style
from saldopas.training_pipeline.training.record import TrainingRecord, Trial

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
