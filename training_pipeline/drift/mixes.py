"""How far two samples lie apart, less what chance puts between them.

Two samples of one population never agree. With n and m independent draws and B bins,
PSI / (1/n + 1/m) and 8 JSD / (1/n + 1/m) (JSD in nats) are chi-square with B - 1 degrees of freedom
(Yurdakul & Naranjo 2020 for PSI; both are Pearson's statistic to second order). So chance alone
gives PSI (B - 1)(1/n + 1/m) on average, which is taken off, and a p-value.

Purchases of one participant resemble each other. Their number is divided by the mean design effect
(Rao & Scott 1981), so that n and m mean independent draws.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from saldopas.training_pipeline.drift.config import DriftConfig
from scipy.special import chdtrc, kolmogorov

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SMOOTHING = 0.5  # added to each count, so that an empty bin has a logarithm (Jeffreys' prior)
KOLMOGOROV_MEAN = 0.8687311606361592  # sqrt(pi / 2) ln 2
REST = "all others"
MISSING = "missing"


@dataclass(frozen=True)
class Distance:
    """A distance and how it compares with chance.

    Attributes:
        value: with `noise` taken off, at least 0.
        noise: what chance alone gives on average.
        p_value: how often chance gives as much.
    """

    value: float
    noise: float
    p_value: float


@dataclass(frozen=True)
class Mix:
    """B categories in two samples.

    Attributes:
        labels: B texts.
        old, new: (B,) counts.
        old_size, new_size: how many independent draws they are worth.
    """

    labels: tuple[str, ...]
    old: Ints
    new: Ints
    old_size: float
    new_size: float

    @property
    def shares(self) -> tuple[Floats, Floats]:
        """(B,) each, smoothed."""
        old, new = self.old + SMOOTHING, self.new + SMOOTHING
        return old / old.sum(), new / new.sum()

    @property
    def chance(self) -> float:
        """1/n + 1/m."""
        return 1 / max(self.old_size, 1.0) + 1 / max(self.new_size, 1.0)


def psi(mix: Mix) -> Distance:
    """Population stability index: sum of (q - p) ln(q / p), in nats."""
    p, q = mix.shares
    return _against_chance(float(((q - p) * np.log(q / p)).sum()), mix, per_psi=1.0)


def jensen_shannon(mix: Mix) -> Distance:
    """Jensen-Shannon divergence in bits (Lin 1991), from 0 to 1."""
    p, q = mix.shares
    middle = (p + q) / 2
    found = float((p * np.log2(p / middle) + q * np.log2(q / middle)).sum()) / 2
    return _against_chance(found, mix, per_psi=1 / (8 * np.log(2)))


def kolmogorov_smirnov(
    old: NDArray[np.number], new: NDArray[np.number], *, old_size: float, new_size: float
) -> Distance:
    """Largest gap of the cumulative distributions; its p-value is the asymptotic one.

    The gap is reported as it is, since what chance adds to a real gap is less than its noise.
    """
    if len(old) == 0 or len(new) == 0:
        return Distance(0.0, 0.0, 1.0)
    places = np.unique(np.concatenate([old, new]))
    below = [
        np.searchsorted(np.sort(side), places, side="right") / len(side) for side in (old, new)
    ]
    gap = float(np.abs(below[0] - below[1]).max())
    root = np.sqrt(old_size * new_size / (old_size + new_size))
    return Distance(gap, float(KOLMOGOROV_MEAN / root), float(kolmogorov(root * gap)))


def design_effect(codes: Ints, clusters: Ints, *, n_codes: int) -> float:
    """How many dependent draws are worth one independent one, at least 1.

    The mean over categories of the variance of their share with clusters over that without,
    weighted by 1 - share (Rao & Scott 1981, first order).

    Args:
        codes: (n,) category of each draw.
        clusters: (n,) whose it is.
        n_codes: how many categories there are.
    """
    n = len(codes)
    if n < 2:
        return 1.0
    _, owner = np.unique(clusters, return_inverse=True)
    sizes = np.bincount(owner).astype(np.float64)
    n_owners = len(sizes)
    if n_owners < 2:
        return float(n)
    share = np.bincount(codes, minlength=n_codes) / n
    pairs, often = np.unique(owner.astype(np.int64) * n_codes + codes, return_counts=True)
    code, size = pairs % n_codes, sizes[pairs // n_codes]
    squares = np.bincount(code, often.astype(np.float64) ** 2, n_codes)
    crossed = np.bincount(code, often * size, n_codes)
    spread = squares - 2 * share * crossed + share**2 * (sizes**2).sum()
    clustered = spread * n_owners / (n_owners - 1) / n**2
    plain = share * (1 - share) / n
    used = plain > 0
    if not used.any():
        return 1.0
    weights = (1 - share)[used]
    return float(max(1.0, (weights * clustered[used] / plain[used]).sum() / weights.sum()))


def _against_chance(found: float, mix: Mix, *, per_psi: float) -> Distance:
    """`per_psi`: how much of the measure goes with one nat of PSI where the shift is small."""
    freedom = int(((mix.old + mix.new) > 0).sum()) - 1
    if freedom < 1:
        return Distance(0.0, 0.0, 1.0)
    unit = per_psi * mix.chance
    noise = freedom * unit
    return Distance(max(0.0, found - noise), noise, float(chdtrc(freedom, found / unit)))


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
