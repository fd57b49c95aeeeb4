"""Levels of titles that keep the market shares of categories and platforms.

Profiles, tastes, prices and minimum education all move choices between categories. A panel of
choosers, of whom some have bought before, shows where the shares would be; the levels bring them
back, as the mean utilities of Berry, Levinsohn and Pakes (1995, eq. 6.8) do.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from saldopas.features.seconds import DAY_S
from saldopas.training_pipeline.ingest.sample.catalogue import Catalogue
from saldopas.training_pipeline.ingest.sample.choices import (
    NOTHING,
    ChoiceModel,
    Choosers,
    Seats,
    choice_weights,
)
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from saldopas.training_pipeline.ingest.sample.people import People

PANEL = 4_000
PANEL_DAYS = 60
EARLIER_PURCHASES = (0.49, 0.26, 0.25)  # shares of purchases made after 0, 1, 2 or more others
ROUNDS = 60
MOST = 10.0  # times more or less than the plain popularity


def level(
    config: SampleConfig,
    model: ChoiceModel,
    people: People,
    catalogue: Catalogue,
    *,
    grant_rp: int,
    rng: np.random.Generator,
) -> ChoiceModel:
    """The model with levels at which the panel's choices have the configured shares."""
    own = config.catalogue
    platform = catalogue.platform[model.item_idx]
    cell = model.category * np.int64(len(own.platforms)) + platform
    mass = _panel_mass(config, model, people, catalogue, grant_rp=grant_rp, rng=rng)
    cells = np.eye(len(own.categories) * len(own.platforms), dtype=np.float32)[cell]
    table = (mass @ cells).reshape(len(mass), len(own.categories), len(own.platforms))
    by_category, by_platform = cell_factors(
        table.astype(np.float64),
        np.array(list(own.categories.values())),
        np.array(list(own.platforms.values())),
    )
    factor = by_category[model.category] * by_platform[platform]
    return replace(model, level=factor.astype(np.float32))


def cell_factors(
    mass: NDArray[np.float64], categories: NDArray[np.float64], platforms: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Factors of categories and of platforms for which the mean choice has the given shares.

    Args:
        mass: (panel, n_categories, n_platforms) what each chooser's weights sum to in a cell.
        categories: (n_categories,) demand. platforms: (n_platforms,) demand.

    Factors stay within a tenth and `MOST`, which only catalogues of a few dozen titles reach.
    """
    mass = mass[mass.sum(axis=(1, 2)) > 0]
    present = mass.sum(axis=0) > 0
    rows = _reachable(categories, present.any(axis=1))
    columns = _reachable(platforms, present.any(axis=0))
    by_row, by_column = np.ones(len(rows)), np.ones(len(columns))
    for _ in range(ROUNDS):
        by_row = _corrected(by_row, rows, _mean_choice(mass, by_row, by_column).sum(axis=1))
        by_column = _corrected(
            by_column, columns, _mean_choice(mass, by_row, by_column).sum(axis=0)
        )
    return by_row, by_column


def _panel_mass(
    config: SampleConfig,
    model: ChoiceModel,
    people: People,
    catalogue: Catalogue,
    *,
    grant_rp: int,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """(PANEL, M) weights of people at a typical day with a typical balance."""
    person = rng.integers(people.n, size=PANEL)
    popularity = catalogue.popularity[model.item_idx]
    earlier = rng.choice(len(EARLIER_PURCHASES), size=PANEL, p=EARLIER_PURCHASES)
    bought = rng.choice(len(popularity), size=(PANEL, 2), p=popularity / popularity.sum())
    paid = (model.price_rp[bought] * (np.arange(2) < earlier[:, None])).sum(axis=1)
    choosers = Choosers(
        person=person,
        age=people.age[person],
        education=people.codes["education"][person] + np.int8(1),
        balance_rp=grant_rp - np.where(paid <= grant_rp, paid, 0),
        owned=np.empty((PANEL, 0), np.int64),
        only=np.full(PANEL, NOTHING),
    )
    at_s = people.announced_s[person] + rng.integers(PANEL_DAYS, size=PANEL) * DAY_S
    at_s = np.minimum(at_s, people.lapses_s[person])
    shelf = Seats(config.catalogue, catalogue, model.item_idx).shelf(at_s)
    return choice_weights(model, choosers, shelf)


def _mean_choice(
    mass: NDArray[np.float64], by_row: NDArray[np.float64], by_column: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n_categories, n_platforms) mean over the panel of the choice probabilities."""
    totals = np.einsum("prc,r,c->p", mass, by_row, by_column, optimize=True)
    shares: NDArray[np.float64] = np.einsum("prc,p->rc", mass, 1 / totals) / len(mass)
    return shares * np.outer(by_row, by_column)


def _reachable(weights: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
    kept: NDArray[np.float64] = np.where(present, weights, 0.0)
    kept /= kept.sum()
    return kept


def _corrected(
    factors: NDArray[np.float64], wanted: NDArray[np.float64], actual: NDArray[np.float64]
) -> NDArray[np.float64]:
    """One step, within bounds: a handful of titles may not be able to meet both margins."""
    step = np.divide(wanted, actual, out=np.ones_like(wanted), where=actual > 0)
    return np.clip(factors * step, 1 / MOST, MOST)
