"""Three tables of an importer, written so that a half-written or invalid dataset never appears."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import Dataset, read_dataset
from saldopas.features.tables.dataset_config import FILE_NAME, DatasetConfig
from saldopas.training_pipeline.ingest.outputs import new_dataset


@dataclass(frozen=True)
class Imported:
    """What an importer made.

    Attributes:
        participants: None where nothing is known of them but what they bought.
        counts: what was left out, merged or filled in, for a person.
    """

    config: DatasetConfig
    participants: pd.DataFrame | None
    courses: pd.DataFrame
    purchases: pd.DataFrame
    counts: Mapping[str, int] = field(default_factory=dict)


def write_imported(imported: Imported, out: Path, *, overwrite: bool = False) -> Dataset:
    """Write beside `out`, read back through the contract, rename; returns what was read.

    Raises:
        DataError: something is in the way, or the tables break the contract.
    """
    frames = (imported.participants, imported.courses, imported.purchases)
    with new_dataset(out, overwrite=overwrite) as directory:
        for table, frame in zip(c.TABLES, frames, strict=True):
            if frame is not None:
                frame.to_parquet(directory / f"{table}.parquet", index=False)
        (directory / FILE_NAME).write_text(config_text(imported.config), encoding="utf-8")
        dataset = read_dataset(directory)
    return replace(dataset, quarantined={})


def config_text(config: DatasetConfig) -> str:
    """`dataset.toml` of a configuration: the keys that differ from their defaults."""
    given = config.model_dump(mode="json", exclude_defaults=True)
    profile = given.pop("profile", None)
    eligibility = given.pop("eligibility", None)
    lines = [f"{key} = {_toml(value)}" for key, value in given.items()]
    if eligibility:
        lines += ["", "[eligibility]", *(f"{k} = {_toml(v)}" for k, v in eligibility.items())]
    if profile is not None:
        columns = config.profile or {}
        lines += ["", "[profile]"]
        lines += [
            f"{json.dumps(k)} = {_toml(v.model_dump(mode='json'))}" for k, v in columns.items()
        ]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    # JSON writes text, numbers and booleans as TOML does, but for DEL
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
