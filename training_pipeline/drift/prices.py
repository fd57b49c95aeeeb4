"""Do courses cost what they did? KS and PSI of the prices on sale, and of what was paid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from saldopas.features.tables import columns as c
from saldopas.training_pipeline.drift.config import DriftConfig
from saldopas.training_pipeline.drift.finding import Finding, of_mix, sampled
from saldopas.training_pipeline.drift.measures import Ints, kolmogorov_smirnov
from saldopas.training_pipeline.drift.mixes import (
    Side,
    band_codes,
    band_edges,
    band_labels,
    make_mix,
)
from saldopas.training_pipeline.drift.sides import OneSide


def price_findings(old: OneSide, new: OneSide, config: DriftConfig) -> list[Finding]:
    """Prices of the courses on sale at the end, and prices paid."""
    listed = [side.on_sale[c.PRICE].to_numpy(np.int64) for side in (old, new)]
    paid = [
        side.dataset.purchases[c.PRICE_PAID].to_numpy(np.int64)[side.bought] for side in (old, new)
    ]
    buyers = [side.buyers[side.bought] for side in (old, new)]
    return [
        *_findings("prices on sale", listed, [None, None], config),
        *_findings("prices paid", paid, buyers, config),
    ]


def _findings(
    item: str,
    values: Sequence[NDArray[np.int64]],
    clusters: Sequence[Ints | None],
    config: DriftConfig,
) -> list[Finding]:
    old, new = values
    if len(old) == 0 or len(new) == 0 or len(np.unique(np.concatenate(values))) < 2:
        return []
    edges = band_edges(old, bands=config.bands)
    sides = [
        Side(band_codes(prices, edges), owners)
        for prices, owners in zip(values, clusters, strict=True)
    ]
    mix = make_mix(sides, band_labels(edges), config)
    gap = kolmogorov_smirnov(old, new, old_size=mix.old_size, new_size=mix.new_size)
    what = f"median {np.median(old):,.0f} to {np.median(new):,.0f}"
    return [
        *of_mix("prices", item, mix, config),
        sampled("prices", item, "KS", gap, config.ks, config, what=what),
    ]
