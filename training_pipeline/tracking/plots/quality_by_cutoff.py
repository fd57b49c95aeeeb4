"""How much of what people buy stands in the first k places?"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from saldopas.training_pipeline.evaluating import plot_style as style
from saldopas.training_pipeline.evaluating.decisions import CUTOFFS
from saldopas.training_pipeline.evaluating.evaluation import Evaluation
from saldopas.training_pipeline.tracking.plots.held_out import decisions, held_out
from saldopas.training_pipeline.training.record import TrainingRecord

GROUPS = {
    "warm": ("with earlier purchases", "-", "o"),
    "new": ("without any", "--", "s"),
    "all": ("everybody", "-", "o"),
}


def quality_by_cutoff(record: TrainingRecord) -> Figure | None:
    """Recall and NDCG at each cutoff for known and new people; everybody where these are too few.

    None where nothing was held out.
    """
    found = held_out(record)
    if not found:
        return None
    figure, axes = style.new_figure(
        "Quality by length of the list",
        f"Means over {decisions(found['chosen'])}",
        columns=2,
        height=5.4,
    )
    told = found["chosen"].shown(min_people=record.evaluation.min_people)
    groups = [group for group in GROUPS if group in told and group != "all"] or ["all"]
    names = {"popularity": "popularity", "chosen": record.manifest.model}
    for axis, metric in zip(axes, ("recall", "ndcg"), strict=True):
        for policy, label in names.items():
            colour = style.CHOSEN if policy == "chosen" else style.POPULARITY
            _lines(axis, found[policy], groups, metric, label, colour)
        style.panel_title(axis, "Recall@k" if metric == "recall" else "NDCG@k")
        axis.set_xlabel("k, courses in the list")
        axis.set_xticks(CUTOFFS)
        axis.set_ylim(bottom=0)
    axes[0].set_ylabel("mean over decisions")
    figure.legend(
        *axes[0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=2,
        **style.LEGEND,
    )
    return figure


def _lines(
    axis: Axes, evaluation: Evaluation, groups: list[str], metric: str, label: str, colour: str
) -> None:
    for group in groups:
        words, line, marker = GROUPS[group]
        means = [evaluation.mean(f"{metric}@{k}", group) for k in CUTOFFS]
        known = [(k, mean) for k, mean in zip(CUTOFFS, means, strict=True) if mean is not None]
        if known:
            axis.plot(
                *zip(*known, strict=True),
                line,
                marker=marker,
                color=colour,
                linewidth=2.2,
                markersize=6,
                label=f"{label}, {words}",
            )
