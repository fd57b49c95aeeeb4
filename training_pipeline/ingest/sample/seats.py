"""Which titles are on sale on which day, and how many seats of the month are left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from saldopas.features.seconds import DAY_S
from saldopas.training_pipeline.ingest.sample.assumed_shares import CatalogueConfig
from saldopas.training_pipeline.ingest.sample.catalogue import Catalogue
from saldopas.training_pipeline.ingest.sample.moments import day_start_s, month_of
from saldopas.training_pipeline.ingest.sample.on_sale import NO_LAST_DAY


class Seats:
    """The shelf while purchases are made: the one value of the generator that changes.

    D days from the opening, M titles that anybody wants, seats counted for each calendar month.
    """

    def __init__(
        self, own: CatalogueConfig, catalogue: Catalogue, item_idx: NDArray[np.int64]
    ) -> None:
        self._opens_s = day_start_s(own.opens)
        day_s = np.arange(self._opens_s, day_start_s(own.closes) + 1, DAY_S)
        self._month = month_of(day_s) - month_of(day_s[:1])
        until_s = catalogue.until_s[item_idx]
        self._open = (catalogue.from_s[item_idx] <= day_s[:, None]) & (
            (day_s[:, None] <= until_s) | (until_s == NO_LAST_DAY)
        )
        category = catalogue.category[item_idx]
        self._popularity = catalogue.popularity[item_idx]
        self._category_sum = np.eye(len(own.categories))[category]
        self._demand = (self._popularity @ self._category_sum)[category]
        self._quota = catalogue.quota[item_idx]
        self._sold = np.zeros((self._month[-1] + 1, len(item_idx)), np.int64)
        self._shelf = self._weights(self._open)

    def shelf(self, at_s: NDArray[np.int64]) -> NDArray[np.float32]:
        """(B, M) float32 demand at (B,) local seconds: demand of the category, shared out by
        popularity among its titles on sale with a free seat."""
        return self._shelf[self._day(at_s)]

    def take(self, title: NDArray[np.int64], at_s: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Who gets a seat, (B,) bool, in the order given; titles that fill up leave the shelf."""
        month = self._month[self._day(at_s)]
        limited = np.flatnonzero(self._quota[title] >= 0)
        granted = np.ones(len(title), np.bool_)
        if len(limited) == 0:
            return granted
        title, month = title[limited], month[limited]
        place = self._sold[month, title] + _occurrence(month * len(self._quota) + title)
        fits = place < self._quota[title]
        granted[limited] = fits
        np.add.at(self._sold, (month[fits], title[fits]), 1)
        full = self._sold[month, title] >= self._quota[title]
        self._close(month[full], title[full])
        return granted

    def _close(self, month: NDArray[np.int64], title: NDArray[np.int64]) -> None:
        for when in np.unique(month):
            days = np.flatnonzero(self._month == when)
            self._open[np.ix_(days, np.unique(title[month == when]))] = False
            self._shelf[days] = self._weights(self._open[days])

    def _day(self, at_s: NDArray[np.int64]) -> NDArray[np.int64]:
        return (at_s - self._opens_s) // DAY_S

    def _weights(self, on_shelf: NDArray[np.bool_]) -> NDArray[np.float32]:
        present = on_shelf * self._popularity
        totals = (present @ self._category_sum) @ self._category_sum.T
        shares = np.divide(present, totals, out=np.zeros_like(present), where=totals > 0)
        return (shares * self._demand).astype(np.float32)


def _occurrence(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each key how many equal ones stand before it."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    new = np.r_[True, ordered[1:] != ordered[:-1]] if len(keys) else np.empty(0, np.bool_)
    start = np.maximum.accumulate(np.where(new, np.arange(len(keys)), 0))
    occurrence = np.empty(len(keys), np.int64)
    occurrence[order] = np.arange(len(keys)) - start
    return occurrence
