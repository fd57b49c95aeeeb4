"""Do they buy as they did? What is bought, how much, and how long histories are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from saldopas.features.tables import columns as c
from saldopas.training_pipeline.drift.config import DriftConfig, Limits
from saldopas.training_pipeline.drift.finding import Finding, of_mix, sampled
from saldopas.training_pipeline.drift.measures import Ints, Measured, Mix
from saldopas.training_pipeline.drift.mixes import Side, make_mix, text_codes
from saldopas.training_pipeline.drift.sides import OneSide
from scipy.special import ndtr

LONGEST = 10  # this many purchases or more are one history length


def purchase_findings(old: OneSide, new: OneSide, config: DriftConfig) -> list[Finding]:
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


def _lengths(old: OneSide, new: OneSide, config: DriftConfig) -> list[Finding]:
    labels = [*map(str, range(LONGEST)), f"{LONGEST} or more"]
    counts = [_counts(side) for side in (old, new)]
    if min(len(one) for one in counts) == 0:
        return []
    sides = [Side(np.minimum(one, LONGEST)) for one in counts]
    return of_mix("purchases", "history lengths", make_mix(sides, labels, config), config)


def _volume_a_participant(old: OneSide, new: OneSide, config: DriftConfig) -> Finding:
    """Change of the mean, with the delta method's error of its logarithm."""
    counts = [_counts(side).astype(np.float64) for side in (old, new)]
    before, after = (float(one.mean()) if len(one) else 0.0 for one in counts)
    errors = [one.var() / len(one) / one.mean() ** 2 for one in counts if one.any()]
    limits = config.purchases_a_participant
    return _changed("purchases a participant", before, after, sum(errors), limits, config)


def _volume_a_day(old: OneSide, new: OneSide, config: DriftConfig) -> Finding:
    """Change of the rate; participants come at random, each with all of their purchases."""
    owned = [np.bincount(side.buyers[side.bought]).astype(np.float64) for side in (old, new)]
    error = sum((one**2).sum() / one.sum() ** 2 for one in owned)
    limits = config.purchases_a_day
    return _changed("purchases a day", old.a_day, new.a_day, error, limits, config)


def _changed(
    item: str, before: float, after: float, error: float, limits: Limits, config: DriftConfig
) -> Finding:
    """Relative change of a positive figure whose logarithm has this variance."""
    what = f"{before:,.2f} to {after:,.2f}"
    if before <= 0 or after <= 0:
        measured = Measured(float(before != after), 0.0, float(before == after))
    else:
        z = abs(np.log(after / before)) / np.sqrt(max(error, 1e-300))
        measured = Measured(abs(after / before - 1), 0.0, float(2 * ndtr(-z)))
    return sampled("purchases", item, "relative change", measured, limits, config, what=what)
