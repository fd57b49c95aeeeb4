"""The two datasets that are compared, and which part of the new one counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.encoding.courses import CourseTable, epoch_seconds
from saldopas.features.errors import DataError
from saldopas.features.seconds import DAY_S
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import Dataset
from saldopas.features.tables.id_index import places_of

MIDDLE = 0.95
MUCH = 0.5  # of OLD's purchases in NEW: NEW then holds OLD


@dataclass(frozen=True)
class OneSide:
    """The compared part of one dataset.

    Attributes:
        dataset: the whole of it.
        people: (P,) bool, participants that count; nobody who opted out.
        bought: (E,) bool, purchases that count: kept ones of people who did not opt out.
        until_s: epoch seconds of the last purchase.
        catalogue_s: the moment at which the catalogue is looked at.
    """

    dataset: Dataset
    people: NDArray[np.bool_]
    bought: NDArray[np.bool_]
    until_s: int
    catalogue_s: int

    @cached_property
    def buyers(self) -> NDArray[np.int64]:
        """(E,) row of the participant of each purchase."""
        purchases, people = self.dataset.purchases, self.dataset.participants
        return np.asarray(places_of(purchases[c.PARTICIPANT_ID], people[c.PARTICIPANT_ID]))

    @cached_property
    def items(self) -> NDArray[np.int64]:
        """(E,) row of the course of each purchase."""
        purchases, courses = self.dataset.purchases, self.dataset.courses
        return np.asarray(places_of(purchases[c.COURSE_ID], courses[c.COURSE_ID]))

    @property
    def a_day(self) -> float:
        """Purchases a day, over the middle 95 %: the first and the last are chance."""
        at_s = epoch_seconds(self.dataset.purchases[c.PURCHASED_AT])[self.bought]
        low, high = np.quantile(at_s, [0.5 - MIDDLE / 2, 0.5 + MIDDLE / 2])
        return float(MIDDLE * len(at_s) * DAY_S / max(high - low, DAY_S))

    @cached_property
    def on_sale(self) -> pd.DataFrame:
        """Courses on sale at `catalogue_s`, by id."""
        rules = self.dataset.config.eligibility
        courses = self.dataset.courses
        table = CourseTable.from_frame(courses, education_order=rules.education_order)
        there = (table.on_sale_from_s <= self.catalogue_s) & (
            self.catalogue_s <= table.on_sale_until_s
        )
        return courses[there].set_index(c.COURSE_ID)

    @cached_property
    def categories(self) -> NDArray[np.object_] | None:
        """(n_items,) category of each course, None where it has none."""
        courses = self.dataset.courses
        if c.CATEGORY not in courses:
            return None
        texts = courses[c.CATEGORY].astype(object)
        return texts.where(texts.notna(), None).to_numpy(object)


def make_sides(old: Dataset, new: Dataset, *, only_new: bool) -> tuple[OneSide, OneSide]:
    """Both sides; with `only_new`, participants and purchases of NEW that OLD does not hold.

    Both catalogues are looked at where the later purchases end: what OLD's table said already of
    that time (a course that was to open or to close) is no change.

    Raises:
        DataError: the currencies differ, or nothing is left to compare.
    """
    if old.config.currency != new.config.currency:
        raise DataError(
            f"OLD is in {old.config.currency} and NEW in {new.config.currency}",
            table="dataset.toml",
            column="currency",
            remedy="compare data of one currency",
        )
    before, after = _whole(old), _whole(new)
    last = max(before.until_s, after.until_s)
    before, after = replace(before, catalogue_s=last), replace(after, catalogue_s=last)
    if only_new:
        known = new.participants[c.PARTICIPANT_ID].isin(old.participants[c.PARTICIPANT_ID])
        later = epoch_seconds(new.purchases[c.PURCHASED_AT]) > before.until_s
        after = replace(
            after,
            people=after.people & ~known.to_numpy(),
            bought=after.bought & later,
        )
    for name, side in (("OLD", before), ("NEW", after)):
        if not side.bought.any():
            raise DataError(
                f"{name} has no purchase to compare",
                table=c.PURCHASES,
                remedy="give data that goes on" if only_new else "give data with purchases",
            )
    return before, after


def shared_purchases(old: Dataset, new: Dataset) -> float:
    """Share of OLD's purchases that NEW holds as well."""
    keys = [c.PARTICIPANT_ID, c.COURSE_ID, c.PURCHASED_AT]
    mine = pd.util.hash_pandas_object(old.purchases[keys], index=False)
    theirs = pd.util.hash_pandas_object(new.purchases[keys], index=False)
    return float(mine.isin(theirs).mean())


def _whole(dataset: Dataset) -> OneSide:
    at_s = epoch_seconds(dataset.purchases[c.PURCHASED_AT])
    people = ~dataset.participants[c.OPTED_OUT].to_numpy(bool)
    buyers = places_of(dataset.purchases[c.PARTICIPANT_ID], dataset.participants[c.PARTICIPANT_ID])
    kept = (dataset.purchases[c.STATUS] != c.CANCELLED).to_numpy(bool)
    end = int(at_s.max())
    return OneSide(dataset, people, kept & people[buyers], end, end)
