"""Do the probabilities that plans add up come true?"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from saldopas.training_pipeline.evaluating import plot_style as style
from saldopas.training_pipeline.evaluating.groups import shown_levels
from saldopas.training_pipeline.training.calibration.reliability import BEST, Reliability
from saldopas.training_pipeline.training.record import TrainingRecord

FEWEST_PURCHASES = 5  # foretold or bought, of a point


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
    _groups(axes[1], found, record.evaluation.min_people)
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


def _groups(axis: Axes, found: Reliability, min_people: int) -> None:
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
