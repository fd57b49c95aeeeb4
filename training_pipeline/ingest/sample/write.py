"""Writes a generated sample as a data set directory, complete or not at all."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pandas as pd
from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset_config import FILE_NAME
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
_OURS = frozenset(
    {FILE_NAME, *(f"{table}.{kind}" for table in c.TABLES for kind in ("parquet", "csv"))}
)


def refuse_if_in_the_way(out: Path, *, overwrite: bool) -> None:
    """Raises DataError where `out` holds something that may not be replaced.

    Even with `overwrite` only a directory that holds nothing but a data set is replaced.
    """
    if not out.exists() and not out.is_symlink():
        return
    if out.is_symlink() or not out.is_dir():
        raise DataError(f"{out} is not a directory", remedy="give another --out")
    found = sorted(path.name for path in out.iterdir())
    strangers = [name for name in found if name not in _OURS]
    if overwrite and strangers:
        raise DataError(
            f"{out} holds {strangers[0]}, which is no part of a data set",
            remedy="give another --out",
        )
    if found and not overwrite:
        raise DataError(f"{out} is not empty", remedy="give another --out, or --overwrite")


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
        DataError: something is in the way, see `refuse_if_in_the_way`.
    """
    refuse_if_in_the_way(out, overwrite=overwrite)
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.parent / f".{out.name}.{os.getpid()}.partial"
    replaced = out.parent / f".{out.name}.{os.getpid()}.replaced"
    partial.mkdir()
    try:
        _write_files(tables, config, partial, seed=seed, as_csv=as_csv)
        if out.exists():
            out.rename(replaced)
        partial.rename(out)
    finally:
        if replaced.exists() and not out.exists():
            replaced.rename(out)
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)


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


def _write_files(
    tables: SampleTables, config: SampleConfig, directory: Path, *, seed: int, as_csv: bool
) -> None:
    frames: dict[str, pd.DataFrame] = {
        c.PARTICIPANTS: tables.participants,
        c.COURSES: tables.courses,
        c.PURCHASES: tables.purchases,
    }
    for name, frame in frames.items():
        if as_csv:
            frame.to_csv(directory / f"{name}.csv", index=False)
        else:
            frame.to_parquet(directory / f"{name}.parquet", index=False)
    (directory / FILE_NAME).write_text(dataset_toml(config, seed=seed), encoding="utf-8")
