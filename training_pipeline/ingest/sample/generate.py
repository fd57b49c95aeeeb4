"""The generator: a configuration and a seed give the three tables of the data contract."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from saldopas.training_pipeline.console import Advance
from saldopas.training_pipeline.ingest.sample.assumptions import SCHEME
from saldopas.training_pipeline.ingest.sample.catalogue import draw_catalogue
from saldopas.training_pipeline.ingest.sample.choices import build_choice_model
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from saldopas.training_pipeline.ingest.sample.levels import level
from saldopas.training_pipeline.ingest.sample.moments import day_start_s
from saldopas.training_pipeline.ingest.sample.people import draw_people
from saldopas.training_pipeline.ingest.sample.purchases import (
    World,
    draw_purchases,
    happened_before,
)
from saldopas.training_pipeline.ingest.sample.tables import (
    courses_table,
    participants_table,
    purchases_table,
)
from threadpoolctl import threadpool_limits


@dataclass(frozen=True)
class SampleTables:
    """The three tables, with the columns and types of the data contract."""

    participants: pd.DataFrame
    courses: pd.DataFrame
    purchases: pd.DataFrame


def draw_world(config: SampleConfig, *, seed: int) -> World:
    """Participants, catalogue and choice model, without any purchase."""
    people_rng, catalogue_rng, choice_rng, _ = _streams(seed)
    people = draw_people(config, people_rng)
    catalogue = draw_catalogue(config, catalogue_rng)
    model = level(
        config,
        build_choice_model(config, people, catalogue, rng=choice_rng),
        people,
        catalogue,
        grant_rp=SCHEME.grant or 0,
        rng=choice_rng,
    )
    return World(people=people, catalogue=catalogue, model=model)


def generate(
    config: SampleConfig, *, seed: int, advance: Advance = lambda count=1: None
) -> SampleTables:
    """Generated data of the 2021 scheme: no public purchase data of the programme exists.

    Args:
        config: sizes, strength of the planted effects, and every assumption.
        seed: the same configuration and seed give the same tables.
        advance: told how many more participants are done; `config.participants` in all.
    """
    with threadpool_limits(limits=1):  # the products are small; more threads only wait
        world = draw_world(config, seed=seed)
        purchases = draw_purchases(
            config, world, grant_rp=SCHEME.grant or 0, rng=_streams(seed)[3], advance=advance
        )
    if config.until is not None:
        purchases = happened_before(purchases, day_start_s(config.until))
    return SampleTables(
        participants=participants_table(config, world.people, grant_rp=SCHEME.grant or 0),
        courses=courses_table(config, world.catalogue),
        purchases=purchases_table(world, purchases),
    )


def _streams(seed: int) -> list[np.random.Generator]:
    """Independent streams: another number of courses leaves the participants as they are."""
    return [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(4)]
