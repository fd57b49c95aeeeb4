"""Two samples cut into the same categories: frequent texts, quantile bands, the rest together."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from saldopas.training_pipeline.drift.config import DriftConfig
from saldopas.training_pipeline.drift.measures import Ints, Mix, design_effect

REST = "all others"
MISSING = "missing"


@dataclass(frozen=True)
class Side:
    """One sample as category codes.

    Attributes:
        codes: (n,) int64.
        clusters: (n,) whose each is; None: each is its own.
    """

    codes: Ints
    clusters: Ints | None = None

    def size(self, n_codes: int) -> float:
        """How many independent draws it is worth."""
        if self.clusters is None:
            return float(len(self.codes))
        return len(self.codes) / design_effect(self.codes, self.clusters, n_codes=n_codes)


def make_mix(sides: Sequence[Side], labels: Sequence[str], config: DriftConfig) -> Mix:
    """Counts of both sides; categories too rare to compare are one.

    Args:
        sides: OLD and NEW, codes into `labels`.
        labels: names of the categories.
        config: `max_categories` and `min_expected`.
    """
    n_codes = len(labels)
    counts = [np.bincount(side.codes, minlength=n_codes) for side in sides]
    sizes = [side.size(n_codes) for side in sides]
    kept = _frequent(counts[0], counts[1], min(sizes), config)
    place = np.full(n_codes, len(kept), np.int64)
    place[kept] = np.arange(len(kept))
    merged = [Side(place[side.codes], side.clusters) for side in sides]
    names = [labels[code] for code in kept]
    if sum(int(count.sum() - count[kept].sum()) for count in counts):
        names.append(REST)
    return Mix(
        labels=tuple(names),
        old=np.bincount(merged[0].codes, minlength=len(names)),
        new=np.bincount(merged[1].codes, minlength=len(names)),
        old_size=merged[0].size(len(names)),
        new_size=merged[1].size(len(names)),
    )


def band_edges(values: NDArray[np.number], *, bands: int) -> NDArray[np.float64]:
    """Distinct inner quantiles of the old values: the reference cuts, as PSI is used."""
    if len(values) == 0:
        return np.empty(0)
    return np.unique(np.quantile(values.astype(np.float64), np.linspace(0, 1, bands + 1)[1:-1]))


def band_codes(values: NDArray[np.number], edges: NDArray[np.float64]) -> Ints:
    """(n,) band of each value; a value on an edge belongs to the band above."""
    return np.asarray(np.searchsorted(edges, values, side="right"), np.int64)


def band_labels(edges: NDArray[np.float64]) -> list[str]:
    """Names of the bands."""
    marks = [f"{edge:,.0f}" for edge in edges]
    if not marks:
        return ["any"]
    inner = [f"{a} to {b}" for a, b in itertools.pairwise(marks)]
    return [f"below {marks[0]}", *inner, f"{marks[-1]} and above"]


def text_codes(*sides: NDArray[np.object_]) -> tuple[list[str], list[Ints]]:
    """Names of all texts (None is `missing`), and the codes of each side."""
    texts = [np.array([MISSING if t is None else t for t in side], object) for side in sides]
    labels, codes = np.unique(np.concatenate(texts).astype(str), return_inverse=True)
    ends = np.cumsum([len(side) for side in texts])[:-1]
    return labels.tolist(), [np.asarray(part, np.int64) for part in np.split(codes, ends)]


def _frequent(old: Ints, new: Ints, smaller: float, config: DriftConfig) -> Ints:
    """Codes to keep apart, most frequent first; the rest is none, or enough to be compared."""
    share = (old / max(old.sum(), 1) + new / max(new.sum(), 1)) / 2
    order = np.argsort(-share, kind="stable")
    expected = share[order] * smaller
    kept = int((expected >= config.min_expected).sum())
    kept = max(1, min(kept, config.max_categories))
    rest = expected[kept:].sum()
    if 0 < rest < config.min_expected:
        kept = max(1, kept - 1)
    return np.asarray(order[:kept], np.int64)
