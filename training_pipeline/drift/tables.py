"""Findings on the tables of two datasets: profiles, prices, catalogue, purchases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.profile import ProfileVocabulary, TokenColumn, learn_vocabulary
from saldopas.features.tables import columns as c
from saldopas.training_pipeline.drift.config import DriftConfig, Limits
from saldopas.training_pipeline.drift.finding import DriftFinding, counted, of_mix, sampled
from saldopas.training_pipeline.drift.mixes import (
    MISSING,
    Distance,
    Ints,
    Mix,
    Side,
    band_codes,
    band_edges,
    band_labels,
    kolmogorov_smirnov,
    make_mix,
    text_codes,
)
from saldopas.training_pipeline.drift.sides import OneSide
from scipy.special import ndtr

LONGEST = 10  # this many purchases or more are one history length


def profile_findings(old: OneSide, new: OneSide, config: DriftConfig) -> list[DriftFinding]:
    """A finding a column that OLD has and models would use; a missing value is a category."""
    people = old.dataset.participants[old.people]
    vocabulary = learn_vocabulary(people, old.dataset.config)
    found = []
    for column in vocabulary.columns:
        labels = [label.removeprefix(f"{column.column}=") for label in column.labels] + [MISSING]
        sides = [_codes(column, side) for side in (old, new)]
        found += of_mix("profiles", column.column, make_mix(sides, labels, config), config)
    return found


def _codes(column: TokenColumn, side: OneSide) -> Side:
    """The column's tokens; the last code is that of a missing value."""
    people = side.dataset.participants[side.people]
    tokens = ProfileVocabulary(columns=(column,)).encode(people)
    codes = np.full(len(people), len(column.labels), np.int64)
    has = np.diff(tokens.indptr) > 0
    codes[has] = tokens.indices
    return Side(codes)


def price_findings(old: OneSide, new: OneSide, config: DriftConfig) -> list[DriftFinding]:
    """Prices of the courses on sale at the end, and prices paid."""
    listed = [side.on_sale[c.PRICE].to_numpy(np.int64) for side in (old, new)]
    paid = [
        side.dataset.purchases[c.PRICE_PAID].to_numpy(np.int64)[side.bought] for side in (old, new)
    ]
    buyers = [side.buyers[side.bought] for side in (old, new)]
    return [
        *_price_findings("prices on sale", listed, [None, None], config),
        *_price_findings("prices paid", paid, buyers, config),
    ]


def _price_findings(
    item: str,
    values: Sequence[NDArray[np.int64]],
    clusters: Sequence[Ints | None],
    config: DriftConfig,
) -> list[DriftFinding]:
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


def catalogue_findings(old: OneSide, new: OneSide, config: DriftConfig) -> list[DriftFinding]:
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


def _repriced(old: OneSide, new: OneSide, config: DriftConfig) -> DriftFinding:
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


def purchase_findings(old: OneSide, new: OneSide, config: DriftConfig) -> list[DriftFinding]:
    """Kept purchases of people who did not opt out; a participant is the unit."""
    found = _lengths(old, new, config)
    found.append(_volume_a_participant(old, new, config))
    if not (old.dataset.config.dates_are_order_only or new.dataset.config.dates_are_order_only):
        found.append(_volume_a_day(old, new, config))
    if old.categories is not None and new.categories is not None:
        texts = [
            old.categories[old.items[old.bought]],
            new.categories[new.items[new.bought]],
        ]
        mix = _mix(old, new, texts, config)
        found += of_mix("purchases", "categories bought", mix, config, js=True)
    ids = [side.dataset.purchases[c.COURSE_ID].to_numpy(object)[side.bought] for side in (old, new)]
    mix = _mix(old, new, ids, config)
    return [*found, *of_mix("purchases", "courses bought", mix, config, js=True)]


def _mix(
    old: OneSide, new: OneSide, texts: Sequence[NDArray[np.object_]], config: DriftConfig
) -> Mix:
    labels, codes = text_codes(*texts)
    sides = [
        Side(code, side.buyers[side.bought]) for code, side in zip(codes, (old, new), strict=True)
    ]
    return make_mix(sides, labels, config)


def _counts(side: OneSide) -> Ints:
    """(people,) purchases of each participant that counts."""
    n = len(side.dataset.participants)
    return np.bincount(side.buyers[side.bought], minlength=n)[side.people]


def _lengths(old: OneSide, new: OneSide, config: DriftConfig) -> list[DriftFinding]:
    labels = [*map(str, range(LONGEST)), f"{LONGEST} or more"]
    counts = [_counts(side) for side in (old, new)]
    if min(len(one) for one in counts) == 0:
        return []
    sides = [Side(np.minimum(one, LONGEST)) for one in counts]
    return of_mix("purchases", "history lengths", make_mix(sides, labels, config), config)


def _volume_a_participant(old: OneSide, new: OneSide, config: DriftConfig) -> DriftFinding:
    """Change of the mean, with the delta method's error of its logarithm."""
    counts = [_counts(side).astype(np.float64) for side in (old, new)]
    before, after = (float(one.mean()) if len(one) else 0.0 for one in counts)
    errors = [one.var() / len(one) / one.mean() ** 2 for one in counts if one.any()]
    limits = config.purchases_a_participant
    return _changed("purchases a participant", before, after, sum(errors), limits, config)


def _volume_a_day(old: OneSide, new: OneSide, config: DriftConfig) -> DriftFinding:
    """Change of the rate; participants come at random, each with all of their purchases."""
    owned = [np.bincount(side.buyers[side.bought]).astype(np.float64) for side in (old, new)]
    error = sum((one**2).sum() / one.sum() ** 2 for one in owned)
    limits = config.purchases_a_day
    return _changed("purchases a day", old.a_day, new.a_day, error, limits, config)


def _changed(
    item: str, before: float, after: float, error: float, limits: Limits, config: DriftConfig
) -> DriftFinding:
    """Relative change of a positive figure whose logarithm has this variance."""
    what = f"{before:,.2f} to {after:,.2f}"
    if before <= 0 or after <= 0:
        measured = Distance(float(before != after), 0.0, float(before == after))
    else:
        z = abs(np.log(after / before)) / np.sqrt(max(error, 1e-300))
        measured = Distance(abs(after / before - 1), 0.0, float(2 * ndtr(-z)))
    return sampled("purchases", item, "relative change", measured, limits, config, what=what)
