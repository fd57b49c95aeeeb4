"""Is it the same catalogue? Courses that came, went, or changed their price, and the categories."""

from __future__ import annotations

import numpy as np
from saldopas.features.tables import columns as c
from saldopas.training_pipeline.drift.config import DriftConfig
from saldopas.training_pipeline.drift.finding import Finding, counted, of_mix
from saldopas.training_pipeline.drift.mixes import Side, make_mix, text_codes
from saldopas.training_pipeline.drift.sides import OneSide


def catalogue_findings(old: OneSide, new: OneSide, config: DriftConfig) -> list[Finding]:
    """Courses on sale at one moment by both tables: all counted, so chance has no part in it."""
    before, after = old.on_sale, new.on_sale
    came = after.index.difference(before.index)
    went = before.index.difference(after.index)
    found = [
        counted(
            "catalogue",
            "courses that came",
            "share of new",
            len(came) / max(len(after), 1),
            config.entered,
            f"{len(came):,} of {len(after):,} on sale",
        ),
        counted(
            "catalogue",
            "courses that went",
            "share of old",
            len(went) / max(len(before), 1),
            config.left,
            f"{len(went):,} of {len(before):,} on sale",
        ),
        _repriced(old, new, config),
    ]
    if c.CATEGORY in before and c.CATEGORY in after:
        texts = [
            side[c.CATEGORY].astype(object).where(side[c.CATEGORY].notna(), None).to_numpy(object)
            for side in (before, after)
        ]
        labels, codes = text_codes(*texts)
        mix = make_mix([Side(code) for code in codes], labels, config)
        found += of_mix("catalogue", "categories on sale", mix, config)
    return found


def _repriced(old: OneSide, new: OneSide, config: DriftConfig) -> Finding:
    common = old.on_sale.index.intersection(new.on_sale.index)
    before = old.on_sale.loc[common, c.PRICE].to_numpy(np.int64)
    after = new.on_sale.loc[common, c.PRICE].to_numpy(np.int64)
    changed = before != after
    what = f"{changed.sum():,} of {len(common):,} courses"
    usable = changed & (before > 0)
    if usable.any():
        change = np.median(after[usable] / before[usable] - 1)
        what += f", by {change:+.1%} in the median".replace("%", " %")
    share = float(changed.mean()) if len(common) else 0.0
    return counted("catalogue", "prices changed", "share of common", share, config.repriced, what)
