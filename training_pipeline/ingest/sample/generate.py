"""The generator: a configuration and a seed give the three tables, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset_config import FILE_NAME
from saldopas.training_pipeline.console import Advance
from saldopas.training_pipeline.ingest.files import new_dataset
from saldopas.training_pipeline.ingest.sample.assumptions import SCHEME
from saldopas.training_pipeline.ingest.sample.catalogue import Catalogue, draw_catalogue
from saldopas.training_pipeline.ingest.sample.choices import build_choice_model
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from saldopas.training_pipeline.ingest.sample.levels import level
from saldopas.training_pipeline.ingest.sample.moments import (
    NO_LAST_DAY,
    ZONE,
    day_start_s,
    timestamps,
)
from saldopas.training_pipeline.ingest.sample.people import People, draw_people
from saldopas.training_pipeline.ingest.sample.purchases import (
    Purchases,
    World,
    draw_purchases,
    happened_before,
)
from threadpoolctl import threadpool_limits

PROFILE_TEXTS = (
    "gender",
    "education",
    "province",
    "employment",
    "urban",
    "no_earlier_training",
    "disability",
    "wave",
)
NOTICE = "Generated data; no public purchase data of the programme exists."
AGE_EDGES = (26, 36, 46, 56)
CATEGORICAL = (
    "gender",
    "education",
    "province",
    "employment",
    "urban",
    "no_earlier_training",
    "wave",
)


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
        participants=participants_table(world.people, grant_rp=SCHEME.grant or 0),
        courses=courses_table(config, world.catalogue),
        purchases=purchases_table(world, purchases),
    )


def _streams(seed: int) -> list[np.random.Generator]:
    """Independent streams: another number of courses leaves the participants as they are."""
    return [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(4)]


def participants_table(people: People, *, grant_rp: int) -> pd.DataFrame:
    """`participants`, in order of id. `balance` is the grant, not what is left."""
    profile = {name: _texts(people.labels[name], people.codes[name]) for name in PROFILE_TEXTS}
    return pd.DataFrame(
        {
            c.PARTICIPANT_ID: _participant_ids(np.arange(people.n)),
            c.ANNOUNCED_AT: timestamps(people.announced_s),
            c.BALANCE: np.full(people.n, grant_rp, np.int64),
            c.OPTED_OUT: people.opted_out,
            "age": people.age,
            **profile,
        }
    )


def courses_table(config: SampleConfig, catalogue: Catalogue) -> pd.DataFrame:
    """`courses`, in order of id, which says nothing of popularity."""
    own, levels = config.catalogue, ("", *config.people.education)
    education = _texts(levels, catalogue.min_education)
    until = timestamps(catalogue.until_s).where(catalogue.until_s != NO_LAST_DAY)
    return pd.DataFrame(
        {
            c.COURSE_ID: _course_ids(np.arange(catalogue.n)),
            c.PRICE: catalogue.price_rp,
            c.TITLE: pd.array(catalogue.title, dtype="str"),
            c.CATEGORY: _texts(tuple(own.categories), catalogue.category),
            c.PROVIDER: pd.array(catalogue.provider_name, dtype="str"),
            c.PLATFORM: _texts(tuple(own.platforms), catalogue.platform),
            c.MODE: _texts(tuple(own.modes), catalogue.mode),
            c.MIN_AGE: _positive(catalogue.min_age, missing=0),
            c.MIN_EDUCATION: education.where(education != ""),
            c.QUOTA: _positive(catalogue.quota, missing=-1),
            c.ON_SALE_FROM: timestamps(catalogue.from_s),
            c.ON_SALE_UNTIL: until,
            c.DURATION_DAYS: catalogue.duration_days,
        }
    )


def purchases_table(world: World, purchases: Purchases) -> pd.DataFrame:
    """`purchases`, in order of time."""
    order = np.lexsort((purchases.person, purchases.at_s))
    item_idx, completed = purchases.item_idx[order], purchases.completed[order]
    return pd.DataFrame(
        {
            c.PARTICIPANT_ID: _participant_ids(purchases.person[order]),
            c.COURSE_ID: _course_ids(item_idx),
            c.PURCHASED_AT: timestamps(purchases.at_s[order]),
            c.PRICE_PAID: world.catalogue.price_rp[item_idx],
            c.STATUS: _texts((c.ACTIVE, c.COMPLETED), completed.astype(np.int8)),
            c.RATING: _positive(purchases.rating[order].astype(np.int64), missing=0),
        }
    )


def _participant_ids(places: NDArray[np.int64]) -> pd.Series[str]:
    return pd.Series([f"P{place + 1:07d}" for place in places.tolist()], dtype="str")


def _course_ids(places: NDArray[np.int64]) -> pd.Series[str]:
    return pd.Series([f"C{place + 1:05d}" for place in places.tolist()], dtype="str")


def _texts(labels: Sequence[str], codes: NDArray[np.int8]) -> pd.Series[str]:
    return pd.Series(np.array(labels, object)[codes], dtype="str")


def _positive(values: NDArray[np.int64], *, missing: int) -> pd.Series[int]:
    series = pd.Series(values, dtype="Int64")
    return series.mask(series == missing)


def write_sample(
    tables: SampleTables,
    config: SampleConfig,
    out: Path,
    *,
    seed: int,
    as_csv: bool = False,
    overwrite: bool = False,
) -> None:
    """Writes the three tables and `dataset.toml` beside `out`, then renames.

    Raises:
        DataError: something is in the way, see `outputs.refuse_if_in_the_way`.
    """
    frames = zip(c.TABLES, (tables.participants, tables.courses, tables.purchases), strict=True)
    with new_dataset(out, overwrite=overwrite) as directory:
        for name, frame in frames:
            if as_csv:
                frame.to_csv(directory / f"{name}.csv", index=False)
            else:
                frame.to_parquet(directory / f"{name}.parquet", index=False)
        (directory / FILE_NAME).write_text(dataset_toml(config, seed=seed), encoding="utf-8")


def dataset_toml(config: SampleConfig, *, seed: int) -> str:
    """The text of `dataset.toml`. Disability is in the table, but no profile column."""
    description = (
        f"{NOTICE} saldopas sample --participants {config.participants} --courses {config.courses}"
        f" --strength {config.strength:g} --seed {seed}"
        + (f" --until {config.until}" if config.until else "")
    )
    profile = [
        f'age = {{ kind = "banded", edges = {list(AGE_EDGES)} }}',
        *(f'{name} = {{ kind = "categorical" }}' for name in CATEGORICAL),
    ]
    lines = [
        'name = "sample"',
        f"description = {json.dumps(description)}",
        'currency = "IDR"',
        f'timezone = "{ZONE}"',
        f'scheme = "{SCHEME.name}"',
        "",
        "[profile]",
        *profile,
    ]
    return "\n".join(lines) + "\n"
