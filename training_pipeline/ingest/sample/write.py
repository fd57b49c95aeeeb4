"""Writes a generated sample as a data set directory, complete or not at all."""

from __future__ import annotations

import json
from pathlib import Path

from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset_config import FILE_NAME
from saldopas.training_pipeline.ingest.outputs import new_dataset
from saldopas.training_pipeline.ingest.sample.assumptions import SCHEME
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from saldopas.training_pipeline.ingest.sample.generate import SampleTables
from saldopas.training_pipeline.ingest.sample.moments import ZONE

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
