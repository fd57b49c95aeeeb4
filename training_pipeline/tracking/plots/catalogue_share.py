"""Does it only repeat the best sellers?"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from saldopas.models.policy.policy import Recommendations
from saldopas.training_pipeline.evaluating import plot_style as style
from saldopas.training_pipeline.tracking.plots.held_out import decisions, held_out
from saldopas.training_pipeline.training.record import TrainingRecord

DEPTH = 10
MARK = 0.1  # share of the catalogue that the legend speaks of


def catalogue_share(record: TrainingRecord) -> Figure | None:
    """Cumulative share of what is bought and recommended; None where nothing was held out."""
    found = held_out(record)
    if not found:
        return None
    data = record.data
    bought = np.bincount(data.events.item_idx[data.kept], minlength=data.courses.n_items)
    order = np.argsort(-bought, kind="stable")
    figure, (axis,) = style.new_figure(
        "Popularity of what is recommended and of what is bought",
        f"First {DEPTH} places over {decisions(found['chosen'])}; all purchases",
    )
    lines = (
        ("popularity", _shown_often(found["popularity"].lists, len(order)), style.POPULARITY),
        (record.manifest.model, _shown_often(found["chosen"].lists, len(order)), style.CHOSEN),
        ("bought", bought, style.BOUGHT),
    )
    catalogue = np.arange(len(order) + 1) / len(order)
    for label, counts, colour in lines:
        share = np.concatenate([[0.0], np.cumsum(counts[order]) / max(int(counts.sum()), 1)])
        at_mark = float(np.interp(MARK, catalogue, share))
        words = f"{label}: {at_mark:.0%} from the best-selling {MARK:.0%}"
        axis.plot(catalogue, share, color=colour, linewidth=2.4, label=words.replace("%", " %"))
    axis.axvline(MARK, color=style.MUTED, linewidth=1, linestyle=":")
    axis.set_xlabel("share of the catalogue, best-selling courses first")
    axis.set_ylabel("cumulative share")
    axis.set(xlim=(0, 1), ylim=(0, 1.02))
    style.per_cent(axis, x=True, y=True)
    axis.legend(loc="lower right", **style.LEGEND)
    return figure


def _shown_often(lists: Recommendations, n_items: int) -> NDArray[np.int64]:
    """(n_items,) how often each course stands in the first places."""
    rank = np.arange(len(lists.item_idx)) - np.repeat(lists.indptr[:-1], np.diff(lists.indptr))
    return np.asarray(np.bincount(lists.item_idx[rank < DEPTH], minlength=n_items), np.int64)
