"""One generated data set: its size, the strength of the planted effects, and every assumption."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from saldopas.features.errors import DataError
from saldopas.features.tables.dataset_config import Frozen
from saldopas.training_pipeline.ingest.sample.assumed_shares import (
    CatalogueConfig,
    ChoiceConfig,
    PeopleConfig,
    PurchaseConfig,
)
from saldopas.training_pipeline.ingest.toml_config import read_toml, validated


class SampleConfig(Frozen):
    """A data set of the 2021 scheme. `strength` scales all effects of profile and taste."""

    participants: int = Field(default=50_000, ge=1)
    courses: int = Field(default=1_700, ge=20)
    strength: float = Field(default=1.0, ge=0, le=5)
    until: date | None = None  # what had happened before this day; None: to the end
    people: PeopleConfig = PeopleConfig()
    catalogue: CatalogueConfig = CatalogueConfig()
    purchases: PurchaseConfig = PurchaseConfig()
    choice: ChoiceConfig = ChoiceConfig()

    @model_validator(mode="after")
    def _effects_have_labels(self) -> Self:
        for effect in self.choice.effects:
            if effect.category not in self.catalogue.categories:
                raise ValueError(f"an effect names the unknown category {effect.category!r}")
            for value in effect.values:
                if value not in self.people.labels_of(effect.column):
                    raise ValueError(f"an effect names the unknown {effect.column} {value!r}")
        return self

    @model_validator(mode="after")
    def _catalogue_serves_everybody(self) -> Self:
        for name in self.catalogue.min_education:
            if name not in self.people.education:
                raise ValueError(f"min_education names the unknown education {name!r}")
        for wave in self.people.waves:
            if not self.catalogue.opens <= wave.announced <= wave.last_spending_day:
                raise ValueError(f"wave {wave.number} is announced before the catalogue opens")
            if wave.last_spending_day > self.catalogue.closes:
                raise ValueError(f"wave {wave.number} buys after the catalogue closes")
        return self

    @model_validator(mode="after")
    def _everybody_is_announced(self) -> Self:
        last = max(wave.announced for wave in self.people.waves)
        if self.until is not None and self.until <= last:
            raise ValueError(f"until must be after the last wave is announced, {last}")
        return self


def read_sample_config(path: Path | None, **given: float | date | None) -> SampleConfig:
    """What was `given` on the command line, with the assumptions of a TOML file or the defaults.

    Raises:
        DataError: the file is not TOML, or a key is unknown, out of its range, or `given` as well.
    """
    stored = read_toml(path)
    twice = sorted(set(stored) & set(given))
    if twice:
        raise DataError(f"{path}: {twice[0]} is an option, not a key", remedy=f"use --{twice[0]}")
    return validated(SampleConfig, {**stored, **given}, path=path, remedy="see docs/sample.md")
