"""A small world whose people choose by a known rule: logs of it, and the true value of a policy.

Participants are of a few types with an own balance, and each makes one to three requests. Two ways
of choosing: `by slot` (each shown course is bought with chance attention of the slot times
relevance, whatever stands around it) and `first liked` (people read down and buy the first course
they like, so a course hides those below it).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from saldopas.features.tables.dataset_config import Frozen
from saldopas.training_pipeline.evaluating.off_policy.exploring import (
    ExploringRanking,
    first_free,
    slot_chances,
)
from saldopas.training_pipeline.evaluating.off_policy.served_lists import ServedLists

Floats = NDArray[np.float64]
Behaviour = Callable[[Floats, Floats, np.random.Generator], Floats]
MOST_REQUESTS = 3


class WorldConfig(Frozen):
    """Sizes of the world, how much it explores, and how the policies rank.

    Attributes:
        relevance: mean chance that a course is bought where it is read.
        attention: how much less each slot is read than the one above.
        logger_noise, target_noise: spread of the error on log relevance by which they rank.
    """

    types: int = Field(default=60, ge=2)
    courses: int = Field(default=6, ge=4)
    slots: int = Field(default=3, ge=1, le=12)
    relevance: float = Field(default=0.12, gt=0, lt=1)
    attention: float = Field(default=0.7, gt=0, le=1)
    logger_noise: float = 1.0
    target_noise: float = 0.3
    logger_epsilon: float = Field(default=0.8, gt=0, le=1)
    target_epsilon: float = Field(default=0.0, ge=0, le=1)


@dataclass(frozen=True)
class World:
    """Types t and courses a.

    Attributes:
        relevance: (t, a) chance of buying a course that is read.
        reachable: (t, a) bool, within the balance.
        attention: (K,) chance that a slot is read.
        logger, target: rankings of each type, (t, K).
    """

    relevance: Floats
    reachable: NDArray[np.bool_]
    attention: Floats
    logger: ExploringRanking
    target: ExploringRanking


def make_world(config: WorldConfig, *, seed: int) -> World:
    """Prices, balances, tastes and the two rankings."""
    rng = np.random.default_rng(seed)
    price = rng.integers(24, 1_000, config.courses)
    balance = rng.integers(200, 1_001, config.types)
    reachable = price <= balance[:, None]
    reachable[:, np.argsort(price)[:2]] = True
    taste = rng.normal(0, 0.8, (config.types, config.courses)) + rng.normal(0, 0.6, config.courses)
    relevance = np.clip(config.relevance * np.exp(taste - 0.5), 0.001, 0.9)
    rankings = [
        _ranking(np.log(relevance) + rng.normal(0, noise, taste.shape), reachable, config, epsilon)
        for noise, epsilon in (
            (config.logger_noise, config.logger_epsilon),
            (config.target_noise, config.target_epsilon),
        )
    ]
    attention = np.power(config.attention, np.arange(config.slots, dtype=np.float64))
    return World(relevance, reachable, attention, rankings[0], rankings[1])


def draw_log(
    world: World, behaviour: Behaviour, *, participants: int, seed: int
) -> tuple[ServedLists, NDArray[np.int64]]:
    """Lists of the logger with what was bought, and (n,) the type behind each."""
    rng = np.random.default_rng(seed)
    types = rng.integers(len(world.relevance), size=participants)
    requests = rng.integers(1, MOST_REQUESTS + 1, participants)
    units = np.repeat(np.arange(participants), requests)
    kind = types[units]
    ranking, reachable = world.logger.take(kind), world.reachable[kind]
    items, filled, chances = draw_lists(ranking, reachable, seed=seed + 1)
    liking = world.relevance[kind[:, None], items] * filled
    lists = ServedLists(
        course_ids=tuple(f"c{place}" for place in range(world.relevance.shape[1])),
        units=units,
        filled=filled,
        item_idx=items,
        at_slot=None,
        given_above=chances,
        reward=behaviour(liking, world.attention, rng),
        pool=np.packbits(reachable, axis=1, bitorder="little"),
    )
    return replace(lists, at_slot=ranking.chance_at_slot(lists)), kind


def draw_lists(
    ranking: ExploringRanking, pool: NDArray[np.bool_], *, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64]]:
    """(n, K) courses, whether the slot is filled, and their chances given the slots above.

    Args:
        ranking: what the logger would show without exploring, all of it in the pool.
        pool: (n, n_items) what may be drawn.
        seed: of coins and draws.
    """
    rng = np.random.default_rng(seed)
    left = pool.copy()
    rows = np.arange(len(left))
    free = ranking.filled.copy()
    shape = ranking.ranked.shape
    items, filled, chances = np.zeros(shape, np.int64), np.zeros(shape, np.bool_), np.ones(shape)
    for slot in range(shape[1]):
        count = left.sum(axis=1)
        best = first_free(ranking.ranked, free)
        drawn = np.where(left, rng.random(left.shape), -1.0).argmax(axis=1)
        explore = rng.random(len(left)) < ranking.epsilon
        item = np.where(explore, drawn, best)
        chance = ranking.epsilon / np.maximum(count, 1) + (1 - ranking.epsilon) * (item == best)
        filled[:, slot] = count > 0
        items[:, slot] = np.where(count > 0, item, 0)
        chances[:, slot] = np.where(count > 0, chance, 1.0)
        left[rows, item] = False
        free &= ranking.ranked != item[:, None]
    return items, filled, chances


def by_slot(liking: Floats, attention: Floats, rng: np.random.Generator) -> Floats:
    """Bought with chance attention times liking, each slot for itself."""
    return (rng.random(liking.shape) < liking * attention).astype(np.float64)


def first_liked(liking: Floats, attention: Floats, rng: np.random.Generator) -> Floats:
    """Read from the top, one course is bought, and nothing below it is read."""
    would = rng.random(liking.shape) < liking * attention
    return np.asarray(would & (np.cumsum(would, axis=1) == 1), np.float64)


def true_value_by_slot(world: World, policy: ExploringRanking) -> float:
    """Purchases a list of a policy, exactly: all courses, slots and types summed up."""
    sizes = world.reachable.sum(axis=1)
    depth = policy.ranked.shape[1]
    table = slot_chances(sizes, depth=depth, epsilon=policy.epsilon)
    total = np.zeros(len(sizes))
    for kind in range(len(sizes)):
        chance = np.where(world.reachable[kind][:, None], table[kind, -1], 0.0)
        ranked = policy.ranked[kind][policy.filled[kind]]
        chance[ranked] = table[kind, : len(ranked)]
        total[kind] = (chance * world.relevance[kind][:, None] * world.attention).sum()
    return float(total.mean())


def true_value_first_liked(world: World, policy: ExploringRanking) -> float:
    """The same where one course at most is bought; exact for a policy that does not explore.

    Raises:
        ValueError: the policy explores.
    """
    if policy.epsilon:
        raise ValueError(f"epsilon {policy.epsilon}: exact only without exploring")
    kinds = np.arange(len(world.relevance))[:, None]
    liking = world.relevance[kinds, policy.ranked] * policy.filled * world.attention
    return float((1 - np.prod(1 - liking, axis=1)).mean())


def _ranking(
    scores: Floats, reachable: NDArray[np.bool_], config: WorldConfig, epsilon: float
) -> ExploringRanking:
    ranked = np.argsort(np.where(reachable, -scores, np.inf), axis=1, kind="stable")
    filled = np.arange(config.slots) < reachable.sum(axis=1)[:, None]
    return ExploringRanking(ranked[:, : config.slots] * filled, filled, epsilon)
