"""The purchases: everybody's first, then everybody's second, in blocks in order of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from saldopas.training_pipeline.console import Advance
from saldopas.training_pipeline.ingest.sample.catalogue import Catalogue
from saldopas.training_pipeline.ingest.sample.choices import (
    NOTHING,
    ChoiceModel,
    Choosers,
    Seats,
    choice_weights,
    pick,
)
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from saldopas.training_pipeline.ingest.sample.moments import (
    completed_and_rated_s,
    first_purchase_s,
    next_purchase_s,
)
from saldopas.training_pipeline.ingest.sample.people import People

BLOCK = 2_048


@dataclass(frozen=True)
class Purchases:
    """m purchases; every array has shape (m,).

    Attributes:
        person, item_idx: int64 places among participants and courses.
        at_s: int64 local seconds. ready_s: when finished and rated, if it ever is.
        completed: bool. rating: int8, 0 where not completed.
    """

    person: NDArray[np.int64]
    item_idx: NDArray[np.int64]
    at_s: NDArray[np.int64]
    ready_s: NDArray[np.int64]
    completed: NDArray[np.bool_]
    rating: NDArray[np.int8]


@dataclass(frozen=True)
class World:
    """Source of the purchases: participants, catalogue and choice model."""

    people: People
    catalogue: Catalogue
    model: ChoiceModel


@dataclass(frozen=True)
class _Ledger:
    """Balance and owned courses of n participants, filled in as they buy."""

    balance_rp: NDArray[np.int64]
    owned: NDArray[np.int64]  # (n, max_purchases) places among the titles of the model
    next_s: NDArray[np.int64]


def draw_purchases(
    config: SampleConfig, world: World, *, grant_rp: int, rng: np.random.Generator, advance: Advance
) -> Purchases:
    """All purchases, in rounds. `advance` counts participants who will buy nothing more."""
    own, n = config.purchases, world.people.n
    seats = Seats(config.catalogue, world.catalogue, world.model.item_idx)
    ledger = _Ledger(
        balance_rp=np.full(n, grant_rp),
        owned=np.full((n, own.max_purchases), NOTHING),
        next_s=first_purchase_s(own, world.people.announced_s, rng),
    )
    buyers = np.flatnonzero(rng.random(n) >= own.no_first_purchase)
    advance(n - len(buyers))
    pieces: list[Purchases] = []
    for turn in range(own.max_purchases):
        buyers = buyers[np.argsort(ledger.next_s[buyers], kind="stable")]
        returning = [np.empty(0, np.int64)]
        for start in range(0, max(1, len(buyers)), BLOCK):
            block = buyers[start : start + BLOCK]
            bought = _buy(config, world, seats, ledger, block, turn, rng)
            pieces.append(bought)
            returning.append(_return(config, world, ledger, bought, turn, rng))
            advance(len(block) - len(returning[-1]))
        buyers = np.concatenate(returning)
    advance(len(buyers))
    return _concatenate(pieces)


def happened_before(purchases: Purchases, moment_s: int) -> Purchases:
    """Purchases known at a moment; running courses have no rating."""
    known = purchases.at_s < moment_s
    completed = (purchases.completed & (purchases.ready_s < moment_s))[known]
    return Purchases(
        person=purchases.person[known],
        item_idx=purchases.item_idx[known],
        at_s=purchases.at_s[known],
        ready_s=purchases.ready_s[known],
        completed=completed,
        rating=np.where(completed, purchases.rating[known], 0).astype(np.int8),
    )


def _buy(
    config: SampleConfig,
    world: World,
    seats: Seats,
    ledger: _Ledger,
    block: NDArray[np.int64],
    turn: int,
    rng: np.random.Generator,
) -> Purchases:
    """The purchases of one block; who finds nothing that fits buys nothing."""
    at_s = ledger.next_s[block]
    title = _choose(world, seats, _choosers(world.people, ledger, block, turn), at_s, rng)
    found = title != NOTHING
    person, title, at_s = block[found], title[found], at_s[found]
    ledger.balance_rp[person] -= world.model.price_rp[title]
    ledger.owned[person, turn] = title
    item_idx = world.model.item_idx[title]
    own = config.purchases
    completed = (rng.random(len(person)) >= own.never_completed) | world.people.hunter[person]
    ready_s = completed_and_rated_s(
        own,
        at_s,
        world.catalogue.duration_days[item_idx],
        _pace(config, world.people, person),
        duration_sigma=config.catalogue.duration_sigma,
        rng=rng,
    )
    return Purchases(person, item_idx, at_s, ready_s, completed, _ratings(config, completed, rng))


def _choosers(people: People, ledger: _Ledger, block: NDArray[np.int64], turn: int) -> Choosers:
    return Choosers(
        person=block,
        age=people.age[block],
        education=people.codes["education"][block] + np.int8(1),
        balance_rp=ledger.balance_rp[block],
        owned=ledger.owned[block, :turn],
        only=ledger.owned[block, 0] if turn == 1 else np.full(len(block), NOTHING),
    )


def _choose(
    world: World,
    seats: Seats,
    choosers: Choosers,
    at_s: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """(B,) titles of the model; who comes too late for the last seat chooses again."""
    chosen = np.full(len(at_s), NOTHING)
    open_rows = np.arange(len(at_s))
    while len(open_rows):
        when = at_s[open_rows]
        weights = choice_weights(world.model, choosers.take(open_rows), seats.shelf(when))
        title = pick(weights, rng)
        found = np.flatnonzero(title != NOTHING)
        granted = seats.take(title[found], when[found])
        chosen[open_rows[found[granted]]] = title[found[granted]]
        open_rows = open_rows[found[~granted]]
    return chosen


def _return(
    config: SampleConfig,
    world: World,
    ledger: _Ledger,
    bought: Purchases,
    turn: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Select the participants that buy again before their money lapses."""
    own, people = config.purchases, world.people
    usual = own.second_purchase if turn == 0 else own.later_purchase
    finished = min(1.0, usual / max(1e-9, 1 - own.never_completed))
    chance = np.where(people.hunter[bought.person], own.hunter_next, finished)
    back = bought.completed & (rng.random(len(bought.person)) < chance)
    person = bought.person[back]
    lapses_s = people.lapses_s[person]
    next_s = next_purchase_s(
        own, bought.ready_s[back], lapses_s, _pace(config, people, person), rng=rng
    )
    ledger.next_s[person] = next_s
    return person[next_s <= lapses_s]


def _pace(config: SampleConfig, people: People, person: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(people.hunter[person], config.purchases.hunter_pace, 1.0)


def _ratings(
    config: SampleConfig, completed: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.int8]:
    stars = np.array(list(config.purchases.ratings), np.int8)
    shares = np.array(list(config.purchases.ratings.values()))
    drawn = rng.choice(stars, size=len(completed), p=shares / shares.sum())
    return np.where(completed, drawn, 0).astype(np.int8)


def _concatenate(pieces: list[Purchases]) -> Purchases:
    return Purchases(
        person=np.concatenate([piece.person for piece in pieces]),
        item_idx=np.concatenate([piece.item_idx for piece in pieces]),
        at_s=np.concatenate([piece.at_s for piece in pieces]),
        ready_s=np.concatenate([piece.ready_s for piece in pieces]),
        completed=np.concatenate([piece.completed for piece in pieces]),
        rating=np.concatenate([piece.rating for piece in pieces]),
    )
