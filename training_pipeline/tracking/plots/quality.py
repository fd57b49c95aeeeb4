"""How good lists and probabilities are: by history, segment, list length and reliability."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter
from saldopas.training_pipeline.evaluating import plot_style as style
from saldopas.training_pipeline.evaluating.decisions import CUTOFFS
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC, Evaluation
from saldopas.training_pipeline.evaluating.groups import shown_levels
from saldopas.training_pipeline.evaluating.intervals import MeanInterval, Segments
from saldopas.training_pipeline.tracking.model_card import HeldOutQuality
from saldopas.training_pipeline.training.calibration.reliability import BEST, Reliability
from saldopas.training_pipeline.training.record import TrainingRecord

COLUMN = "history"
METRICS = {"recall@10": "Recall@10", MAIN_METRIC: "NDCG@10"}
WIDTH = 0.38
METRIC = "recall@10"
MOST_GROUPS = 8  # of a column: the largest
ROW = 0.26  # inches
GROUPS = {
    "warm": ("with earlier purchases", "-", "o"),
    "new": ("without any", "--", "s"),
    "all": ("everybody", "-", "o"),
}
CUT_WORDS = {
    "by-date": "later purchases",
    "leave-last-out": "everybody's last purchase",
    "by-participant": "participants who were held out",
}
FEWEST_PURCHASES = 5  # foretold or bought, of a point


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
    style.legend_below(figure, axes[0])
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
    style.legend_below(figure, axes[0])
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


def held_out(record: TrainingRecord) -> dict[str, Evaluation]:
    """The test cut, which nothing was chosen on; empty where nothing was held out."""
    return record.test or record.validation


def decisions(evaluation: Evaluation) -> str:
    """For a subtitle."""
    words = CUT_WORDS.get(evaluation.method, evaluation.method)
    return f"{len(evaluation.cases):,} decisions of the {evaluation.cut} cut ({words})"


def reliability(record: TrainingRecord) -> Figure | None:
    """Foretold beside bought, by probability and by balance; None where nothing was held out."""
    if record.calibrated is None:
        return None
    found = record.calibrated.reliability
    figure, axes = style.new_figure(
        "Probabilities beside what was bought",
        f"{found.decisions:,} decisions of the test cut; fitted on validation; expected"
        f" calibration error {found.ece:.1%} of the purchases",
        columns=2,
        height=5.0,
    )
    _curve(axes[0], found)
    _reliability_groups(axes[1], found, record.evaluation.min_people)
    return figure


def _curve(axis: Axes, found: Reliability) -> None:
    kept = np.maximum(found.foretold, found.bought) >= FEWEST_PURCHASES
    foretold = found.foretold[kept] / found.pairs[kept]
    bought = found.bought[kept] / found.pairs[kept]
    shown = bought > 0
    if shown.any():
        ends = [foretold[shown].min(), foretold[shown].max()]
        axis.plot(ends, ends, color=style.POPULARITY, linewidth=1.5, label="as foretold")
        axis.plot(
            foretold[shown],
            bought[shown],
            "o-",
            color=style.CHOSEN,
            linewidth=2.2,
            markersize=6,
            label="bought",
        )
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.legend(**style.LEGEND)
    style.panel_title(axis, "Each course")
    axis.set_xlabel("foretold probability")
    axis.set_ylabel("share that was bought")


def _reliability_groups(axis: Axes, found: Reliability, min_people: int) -> None:
    """Bars of the groups that may be told of; quarters are as large as each other."""
    by_balance = len(found.by_balance) > 0
    every = found.by_balance if by_balance else found.by_level
    names = ("lowest", "second", "third", "highest") if by_balance else ("0", "1", "2", "3+")
    people = every[:, 2].astype(int)
    shown = people >= min_people
    if not by_balance:
        shown = np.array(shown_levels(people.tolist(), min_people=min_people))
    groups, words = every[shown, :2], [names[place] for place in np.flatnonzero(shown)]
    at = np.arange(len(groups))
    axis.bar(at - 0.2, groups[:, 0], 0.38, color=style.CHOSEN, label="foretold")
    axis.bar(at + 0.2, groups[:, 1], 0.38, color=style.BOUGHT, label="bought")
    axis.set_xticks(at, words)
    axis.set_xlabel("quarter of the balance" if by_balance else "earlier purchases")
    axis.set_ylabel("purchases a decision")
    if groups.max(initial=0) <= 1:
        axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    style.panel_title(axis, f"The {BEST} most probable courses together")
    axis.legend(**style.LEGEND)
