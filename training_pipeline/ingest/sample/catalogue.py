"""The generated catalogue: titles with price, popularity and restrictions, in a shuffled order."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from saldopas.features.seconds import DAY_S
from saldopas.training_pipeline.ingest.sample.config import CatalogueConfig, SampleConfig
from saldopas.training_pipeline.ingest.sample.moments import day_start_s, draw_windows
from saldopas.training_pipeline.ingest.sample.titles import draw_titles, provider_names
from scipy.special import ndtri
from scipy.stats import norm

GOLDEN = (np.sqrt(5) - 1) / 2
EXPECTED_PURCHASES = 2.03  # a participant, those without any included


@dataclass(frozen=True)
class Catalogue:
    """Courses in item order; every array has shape (n_courses,); codes are places in `config`.

    Attributes:
        popularity: float64, share of the demand of its category; 0 where nobody wants the title.
        quota: int64 seats in a calendar month (WIB), -1 for no quota.
        min_education: int8 level, 0 for none, else 1 + place in the education marginal.
        min_age: int64 years, 0 for none.
        from_s, until_s: int64 local seconds, both inclusive; -1 for no last day.
    """

    title: NDArray[np.object_]
    category: NDArray[np.int8]
    provider: NDArray[np.int64]
    provider_name: NDArray[np.object_]
    platform: NDArray[np.int8]
    mode: NDArray[np.int8]
    price_rp: NDArray[np.int64]
    popularity: NDArray[np.float64]
    min_age: NDArray[np.int64]
    min_education: NDArray[np.int8]
    quota: NDArray[np.int64]
    from_s: NDArray[np.int64]
    until_s: NDArray[np.int64]
    duration_days: NDArray[np.int64]

    @property
    def n(self) -> int:
        """How many courses there are."""
        return len(self.price_rp)


def draw_catalogue(config: SampleConfig, rng: np.random.Generator) -> Catalogue:
    """`config.courses` titles. They are made in order of popularity, then shuffled."""
    own, n = config.catalogue, config.courses
    popularity = _popularity(own, n)
    flagship = np.arange(n) < min(own.flagships, n // 10)
    category = share_out(popularity, np.array(list(own.categories.values())), rng)
    provider, provider_name = _providers(own, category, rng)
    from_s, until_s = draw_windows(own, flagship, rng)
    ranked = Catalogue(
        title=_titles(own, category, rng),
        category=category,
        provider=provider,
        provider_name=provider_name,
        platform=share_out(popularity, np.array(list(own.platforms.values())), rng),
        mode=_labelled(own.modes, n, rng),
        price_rp=_prices(own, n, rng),
        popularity=popularity,
        min_age=_min_age(own, flagship, rng),
        min_education=_min_education(config, flagship, rng),
        quota=_quota(config, popularity, flagship, rng),
        from_s=from_s,
        until_s=until_s,
        duration_days=_durations(own, n, rng),
    )
    order = rng.permutation(n)
    return Catalogue(**{field.name: getattr(ranked, field.name)[order] for field in fields(ranked)})


def share_out(
    mass: NDArray[np.float64], weights: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int8]:
    """A label for each title so that every label gets about its share of the mass.

    Titles come heaviest first. Each takes a label at random, in proportion to what the label still
    lacks, among those with room for it; so few heavy titles cannot upset the shares, as they
    would if labels were drawn independently. Titles without mass follow the weights.
    """
    shares = weights / weights.sum()
    lacking = shares * mass.sum()
    labels = rng.choice(len(shares), size=len(mass), p=shares).astype(np.int8)
    for title in np.flatnonzero(mass):
        room = np.where(lacking >= mass[title], lacking, 0)
        if room.any():
            labels[title] = np.searchsorted(np.cumsum(room), rng.random() * room.sum(), "right")
        else:
            labels[title] = lacking.argmax()
        lacking[labels[title]] -= mass[title]
    return labels


def _popularity(own: CatalogueConfig, n: int) -> NDArray[np.float64]:
    rank = np.arange(1, n + 1, dtype=np.float64)
    weights: NDArray[np.float64] = (rank + own.popularity_offset) ** -own.popularity_exponent
    weights[max(1, round(own.wanted * n)) :] = 0
    weights /= weights.sum()
    return weights


def _prices(own: CatalogueConfig, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Lognormal cut to its bounds, (n,) int64 rupiah in steps of 1.000.

    Quantiles follow a golden-ratio sequence along the popularity rank from near the median, so
    that the few best sellers have the price distribution of the whole for every seed. Drawn
    independently, the mean price paid would differ by some Rp20.000 between seeds.
    """
    low, high = (
        norm.cdf(np.log(bound / own.price_median_rp) / own.price_sigma)
        for bound in (own.price_min_rp, own.price_max_rp)
    )
    quantile = (0.45 + 0.1 * rng.random() + np.arange(n) * GOLDEN) % 1
    price = own.price_median_rp * np.exp(own.price_sigma * ndtri(low + quantile * (high - low)))
    thousands = np.round(price / 1_000).astype(np.int64)
    nines = rng.random(n) < own.price_ends_in_9000
    thousands = np.where(nines, (thousands - 4) // 10 * 10 + 9, thousands)
    price_rp: NDArray[np.int64] = np.clip(thousands * 1_000, own.price_min_rp, own.price_max_rp)
    return price_rp


def _providers(
    own: CatalogueConfig, category: NDArray[np.int8], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    n = len(category)
    count = min(own.providers, max(1, n // 4))
    size = (np.arange(count) + 5.0) ** -0.8
    home = share_out(size / size.sum(), np.array(list(own.categories.values())), rng)
    provider = rng.choice(count, size=n, p=size / size.sum())
    at_home = rng.random(n) < own.home_category_share
    for code in np.unique(home):
        titles = np.flatnonzero((category == code) & at_home)
        local = np.where(home == code, size, 0)
        provider[titles] = rng.choice(count, size=len(titles), p=local / local.sum())
    return provider, np.array(provider_names(count, rng), object)[provider]


def _titles(
    own: CatalogueConfig, category: NDArray[np.int8], rng: np.random.Generator
) -> NDArray[np.object_]:
    titles = np.empty(len(category), object)
    for code, name in enumerate(own.categories):
        places = np.flatnonzero(category == code)
        titles[places] = draw_titles(name, len(places), rng)
    return titles


def _labelled(weights: dict[str, float], n: int, rng: np.random.Generator) -> NDArray[np.int8]:
    shares = np.array(list(weights.values()))
    return rng.choice(len(shares), size=n, p=shares / shares.sum()).astype(np.int8)


def _min_age(
    own: CatalogueConfig, flagship: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.int64]:
    ages = np.array([0, *own.min_age])
    shares = np.array([1 - sum(own.min_age.values()), *own.min_age.values()])
    drawn = rng.choice(ages, size=len(flagship), p=shares)
    return np.where(flagship, 0, drawn)


def _min_education(
    config: SampleConfig, flagship: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.int8]:
    levels, own = list(config.people.education), config.catalogue.min_education
    codes = np.array([0, *(levels.index(name) + 1 for name in own)])
    shares = np.array([1 - sum(own.values()), *own.values()])
    drawn = rng.choice(codes, size=len(flagship), p=shares)
    return np.where(flagship, 0, drawn).astype(np.int8)


def _quota(
    config: SampleConfig,
    popularity: NDArray[np.float64],
    flagship: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Seats in a month in proportion to the title's demand, so that busy months sell out."""
    own, n = config.catalogue, len(popularity)
    months = (day_start_s(own.closes) - day_start_s(own.opens)) / (30 * DAY_S)
    demand = popularity * config.participants * EXPECTED_PURCHASES / months
    seats = demand * own.quota_times_demand * np.exp(own.quota_sigma * rng.standard_normal(n))
    seats = np.maximum(own.quota_min, np.round(seats)).astype(np.int64)
    limited = (rng.random(n) < own.quota_share) & ~flagship
    return np.where(limited, seats, -1)


def _durations(own: CatalogueConfig, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    days = own.duration_median_days * np.exp(own.duration_sigma * rng.standard_normal(n))
    return np.maximum(1, np.round(days)).astype(np.int64)
