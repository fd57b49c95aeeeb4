"""Does a generated sample have the marginals that are known or assumed of the programme?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from saldopas.features.tables import columns as c
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from saldopas.training_pipeline.ingest.sample.generate import SampleTables

Unit = Literal["share", "rupiah", "count", "stars"]
JUDGED_FROM_PARTICIPANTS = 30_000
JUDGED_FROM_COURSES = 1_000
NEARLY_NOTHING_RP = 50_000

# Figures that no part of the configuration sets directly; see docs/sample.md.
PURCHASE_COUNTS = {1: 0.45, 2: 0.22, 3: 0.185, 4: 0.11, 5: 0.03}
MEAN_PURCHASES = 2.06
SECOND_PURCHASE = 0.547
MEAN_LEFT_RP = 366_000
NEARLY_NOTHING_LEFT = 0.28
MEAN_PRICE_RP = 371_000
TOP_TITLE = 0.054
NEVER_SOLD = 0.55
MEAN_RATING = 4.9
STAYS_IN_CATEGORY = 0.35
STAYS_WITH_PROVIDER = 0.25


@dataclass(frozen=True)
class Marginal:
    """One figure: what it should be, what it is, and how far it may be off."""

    name: str
    unit: Unit
    target: float
    actual: float
    tolerance: float
    judged: bool = True

    @property
    def difference(self) -> float:
        """Actual less target."""
        return self.actual - self.target

    @property
    def ok(self) -> bool | None:
        """Whether it is within its tolerance; None where the sample is too small to say."""
        return abs(self.difference) <= self.tolerance if self.judged else None


def calibrate(tables: SampleTables, config: SampleConfig) -> list[Marginal]:
    """Every calibrated figure of `tables`; what few rows cannot tell (a mean of none) is left out.

    They are judged from 30,000 participants and 1,000 courses on: what hangs on how many titles
    are sold at all, or on the price of one best seller, cannot be met by fewer. Nor are they where
    the data stops before the end.
    """
    judged = (
        config.until is None
        and len(tables.participants) >= JUDGED_FROM_PARTICIPANTS
        and len(tables.courses) >= JUDGED_FROM_COURSES
    )
    known = [
        *_participants(tables, config),
        *_catalogue(tables),
        *_market(tables, config),
        *_purchases(tables, config),
        *_second_purchases(tables),
        *_moments(tables, config),
    ]
    return [
        replace(one, actual=float(one.actual), judged=judged)
        for one in known
        if np.isfinite(one.actual)
    ]


def _participants(tables: SampleTables, config: SampleConfig) -> Iterable[Marginal]:
    people, frame = config.people, tables.participants
    edges = [int(band.split("-")[0]) for band in people.age_band]
    bands = pd.cut(frame["age"], [*edges, np.inf], right=False, labels=list(people.age_band))
    yield from _shares("gender", people.gender, frame["gender"], 0.01)
    yield from _shares("age", people.age_band, bands.astype("str"), 0.01)
    yield from _shares("education", people.education, frame["education"], 0.01)
    yield from _shares("employment", people.employment, frame["employment"], 0.01)
    for name in ("urban", "no_earlier_training", "disability"):
        target = getattr(people, name)
        yield Marginal(name, "share", target, (frame[name] == "yes").mean(), 0.01)
    opted_out = frame[c.OPTED_OUT].mean()
    yield Marginal("opted out of profiling", "share", people.opted_out, opted_out, 0.002)


def _catalogue(tables: SampleTables) -> Iterable[Marginal]:
    price = tables.courses[c.PRICE].mean()
    yield Marginal("mean price in the catalogue", "rupiah", MEAN_PRICE_RP, price, 15_000)
    sold = tables.purchases[c.COURSE_ID].value_counts()
    top = sold.max() / sold.sum()
    yield Marginal("share of the top title", "share", TOP_TITLE, top, 0.016)
    never = 1 - len(sold) / len(tables.courses)
    yield Marginal("titles never sold", "share", NEVER_SOLD, never, 0.05)


def _market(tables: SampleTables, config: SampleConfig) -> Iterable[Marginal]:
    own = config.catalogue
    sold = tables.purchases.merge(tables.courses, on=c.COURSE_ID)
    yield from _shares("category", own.categories, sold[c.CATEGORY], 0.015, 0.10)
    yield from _shares("platform", own.platforms, sold[c.PLATFORM], 0.015, 0.10)


def _purchases(tables: SampleTables, config: SampleConfig) -> Iterable[Marginal]:
    bought = tables.purchases.groupby(c.PARTICIPANT_ID)
    count = bought.size()
    left = _grant_rp(tables) - bought[c.PRICE_PAID].sum()
    none = 1 - len(count) / len(tables.participants)
    yield Marginal("no first purchase", "share", config.purchases.no_first_purchase, none, 0.004)
    for times, target in PURCHASE_COUNTS.items():
        name = f"buyers with {times} purchase{'s' if times > 1 else ''}"
        tolerance = 0.01 + 0.10 * target
        yield Marginal(name, "share", target, (count == times).mean(), tolerance)
    yield Marginal("mean purchases of a buyer", "count", MEAN_PURCHASES, count.mean(), 0.06)
    yield Marginal(
        "buyers with a second purchase", "share", SECOND_PURCHASE, (count > 1).mean(), 0.02
    )
    yield Marginal("mean left of a buyer", "rupiah", MEAN_LEFT_RP, left.mean(), 25_000)
    nearly = (left <= NEARLY_NOTHING_RP).mean()
    yield Marginal("buyers left with Rp50.000 or less", "share", NEARLY_NOTHING_LEFT, nearly, 0.04)


def _second_purchases(tables: SampleTables) -> Iterable[Marginal]:
    rows = tables.purchases.merge(
        tables.courses[[c.COURSE_ID, c.CATEGORY, c.PROVIDER]], on=c.COURSE_ID
    ).sort_values([c.PARTICIPANT_ID, c.PURCHASED_AT])
    place = rows.groupby(c.PARTICIPANT_ID).cumcount()
    first, second = (rows[place == k].set_index(c.PARTICIPANT_ID) for k in (0, 1))
    first = first.loc[second.index]
    for column, target in ((c.CATEGORY, STAYS_IN_CATEGORY), (c.PROVIDER, STAYS_WITH_PROVIDER)):
        stays = (first[column] == second[column]).mean()
        yield Marginal(f"second purchase in the same {column}", "share", target, stays, 0.08)


def _moments(tables: SampleTables, config: SampleConfig) -> Iterable[Marginal]:
    own, purchases = config.purchases, tables.purchases
    first = purchases.drop_duplicates(c.PARTICIPANT_ID).merge(
        tables.participants[[c.PARTICIPANT_ID, c.ANNOUNCED_AT]], on=c.PARTICIPANT_ID
    )
    midnight = first[c.ANNOUNCED_AT].dt.normalize()
    day = (first[c.PURCHASED_AT] - midnight).dt.days + 1
    starts = [1, *(last + 1 for last in own.first_within)]
    names = [f"days {a}-{b}" for a, b in zip(starts, own.first_within, strict=False)]
    spans = pd.cut(day, [0, *own.first_within], labels=names).astype("str")
    targets = dict(zip(names, own.first_within.values(), strict=True))
    yield from _shares("first purchase", targets, spans, 0.01)
    active = (purchases[c.STATUS] == c.ACTIVE).mean()
    yield Marginal("trainings never completed", "share", own.never_completed, active, 0.005)
    rating = purchases[c.RATING].astype("float64").mean()
    yield Marginal("mean rating", "stars", MEAN_RATING, rating, 0.03)


def _grant_rp(tables: SampleTables) -> int:
    """The balance everybody was given."""
    return int(tables.participants[c.BALANCE].iloc[0])


def _shares(
    name: str,
    weights: Mapping[str, float],
    values: pd.Series[str],
    tolerance: float,
    relative: float = 0.0,
) -> Iterable[Marginal]:
    """A figure for each label, weights rescaled to 1, off by `tolerance` + `relative` * target."""
    actual, total = values.value_counts(normalize=True), sum(weights.values())
    for label, weight in weights.items():
        target = weight / total
        slack = tolerance + relative * target
        yield Marginal(f"{name}: {label}", "share", target, actual.get(label, 0.0), slack)
