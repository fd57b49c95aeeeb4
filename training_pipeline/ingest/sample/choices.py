"""The choice model: how likely a participant is to choose each course that he may buy.

A multinomial logit (McFadden, 1974) over the titles that are on sale on that day, fit the balance,
are not owned, and whose minimum age and education are met:

    P(c) ~ shelf[day, c] * level_c * exp(x . a_c) * same_category^[...] * same_provider^[...]

`shelf` is demand of the category times popularity within it; `level` keeps the market shares of
categories and platforms where they belong whatever the effects are (see `levels.py`); x . a_c adds
the planted effects: strength * log-multipliers of the profile on the category, strength *
taste_scale * taste . v_c, and for the few collectors of cheap titles
-price / hunter_price_scale_rp. The last two factors hold for a second purchase only and do not
depend on strength.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from saldopas.features.seconds import DAY_S
from saldopas.training_pipeline.ingest.sample.catalogue import Catalogue
from saldopas.training_pipeline.ingest.sample.config import CatalogueConfig, SampleConfig
from saldopas.training_pipeline.ingest.sample.moments import NO_LAST_DAY, day_start_s, month_of
from saldopas.training_pipeline.ingest.sample.people import People

NOTHING = -1


@dataclass(frozen=True)
class ChoiceModel:
    """M titles that anybody wants, n participants, K terms.

    Attributes:
        item_idx: (M,) int64 places in the catalogue.
        course_terms: (K, M) float32, a_c of the formula.
        person_terms: (n, K) float32, x of the formula.
        level: (M,) float32 factor of each title.
        price_rp: (M,) int64. min_age: (M,) int64. min_education: (M,) int8.
        category, provider: (M,) codes.
        same_category, same_provider: factors of a second purchase.
    """

    item_idx: NDArray[np.int64]
    course_terms: NDArray[np.float32]
    person_terms: NDArray[np.float32]
    level: NDArray[np.float32]
    price_rp: NDArray[np.int64]
    min_age: NDArray[np.int64]
    min_education: NDArray[np.int8]
    category: NDArray[np.int8]
    provider: NDArray[np.int64]
    same_category: float
    same_provider: float


@dataclass(frozen=True)
class Choosers:
    """B participants at the moment of choosing.

    Attributes:
        person: (B,) int64 places among the participants.
        age: (B,) int64. education: (B,) int8, 1 for the lowest level.
        balance_rp: (B,) int64, what is left.
        owned: (B, k) places among the M titles, `NOTHING` where there is none.
        only: (B,) the one title bought so far, `NOTHING` before the first and after the second.
    """

    person: NDArray[np.int64]
    age: NDArray[np.int64]
    education: NDArray[np.int8]
    balance_rp: NDArray[np.int64]
    owned: NDArray[np.int64]
    only: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64]) -> Choosers:
        """The choosers at `rows`."""
        return Choosers(
            person=self.person[rows],
            age=self.age[rows],
            education=self.education[rows],
            balance_rp=self.balance_rp[rows],
            owned=self.owned[rows],
            only=self.only[rows],
        )


def build_choice_model(
    config: SampleConfig, people: People, catalogue: Catalogue, *, rng: np.random.Generator
) -> ChoiceModel:
    """The model before it is levelled (see `levels.py`): every title's level is 1."""
    item_idx = np.flatnonzero(catalogue.popularity)
    category, price_rp = catalogue.category[item_idx], catalogue.price_rp[item_idx]
    directions = rng.standard_normal((config.choice.taste_dimensions, len(item_idx)))
    directions *= config.strength * config.choice.taste_scale / np.linalg.norm(directions, axis=0)
    one_hot = np.arange(len(config.catalogue.categories))[:, None] == category[None, :]
    hunting = price_rp / config.purchases.hunter_price_scale_rp
    log_multipliers = config.strength * _log_multipliers(config, people)
    person_terms = np.column_stack([log_multipliers, people.taste, people.hunter])
    return ChoiceModel(
        item_idx=item_idx,
        course_terms=np.vstack([one_hot, directions, -hunting]).astype(np.float32),
        person_terms=person_terms.astype(np.float32),
        level=np.ones(len(item_idx), np.float32),
        price_rp=price_rp,
        min_age=catalogue.min_age[item_idx],
        min_education=catalogue.min_education[item_idx],
        category=category,
        provider=catalogue.provider[item_idx],
        same_category=config.choice.same_category,
        same_provider=config.choice.same_provider,
    )


def choice_weights(
    model: ChoiceModel, choosers: Choosers, shelf: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(B, M) float32, proportional to the probabilities; 0 for what may not be bought.

    Args:
        model: the choice model.
        choosers: B participants.
        shelf: (B, M) float32 demand on each participant's day, 0 where not on sale.
    """
    weights: NDArray[np.float32] = np.exp(model.person_terms[choosers.person] @ model.course_terms)
    weights *= model.level
    weights *= shelf
    allowed = model.price_rp[None, :] <= choosers.balance_rp[:, None]
    allowed &= model.min_education[None, :] <= choosers.education[:, None]
    allowed &= model.min_age[None, :] <= choosers.age[:, None]
    weights *= allowed
    _favour_the_familiar(model, choosers.only, weights)
    rows = np.arange(len(weights))
    for owned in choosers.owned.T:
        have = owned != NOTHING
        weights[rows[have], owned[have]] = 0
    return weights


def choice_probabilities(
    model: ChoiceModel, choosers: Choosers, shelf: NDArray[np.float32]
) -> NDArray[np.float64]:
    """(B, M) float64: rows sum to 1, or are all 0 where nothing may be bought.

    Column j is the course `model.item_idx[j]` of the catalogue; courses that nobody wants have no
    column. Arguments as for `choice_weights`.
    """
    weights = choice_weights(model, choosers, shelf).astype(np.float64)
    totals = weights.sum(axis=1, keepdims=True)
    shares = np.zeros_like(weights)
    np.divide(weights, totals, out=shares, where=totals > 0)
    return shares


def pick(weights: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.int64]:
    """(B,) int64: one column of each row in proportion to its weight, `NOTHING` for a row of 0."""
    cumulative = np.cumsum(weights, axis=1)
    totals = cumulative[:, -1]
    targets = ((1 - rng.random(len(weights))) * totals).astype(np.float32)  # in (0, total]
    drawn = (cumulative >= targets[:, None]).argmax(axis=1)
    return np.where(totals > 0, drawn, NOTHING)


def _log_multipliers(config: SampleConfig, people: People) -> NDArray[np.float64]:
    categories = list(config.catalogue.categories)
    logs = np.zeros((people.n, len(categories)))
    for effect in config.choice.effects:
        labels = people.labels[effect.column]
        codes = [labels.index(value) for value in effect.values]
        concerned = np.isin(people.codes[effect.column], codes)
        logs[concerned, categories.index(effect.category)] += np.log(effect.multiplier)
    return logs


def _favour_the_familiar(
    model: ChoiceModel, only: NDArray[np.int64], weights: NDArray[np.float32]
) -> None:
    second = np.flatnonzero(only != NOTHING)
    if len(second) == 0:
        return
    for codes, factor in (
        (model.category, model.same_category),
        (model.provider, model.same_provider),
    ):
        same = codes[None, :] == codes[only[second]][:, None]
        weights[second] *= np.where(same, np.float32(factor), np.float32(1))


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
        """(B,) bool, which purchases get a seat, in their order; full titles leave the shelf."""
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
