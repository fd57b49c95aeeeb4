"""How `saldopas train` works: its TOML, and the hyperparameters of an earlier tuning."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator
from saldopas.features.encoding.batch import TrainingSet
from saldopas.features.splits.split import Cut
from saldopas.features.splits.split_config import Method, SplitConfig
from saldopas.features.tables.dataset_config import Frozen
from saldopas.models.policy.exploration import ExplorationConfig
from saldopas.models.recommenders.ease import Ease, EaseConfig
from saldopas.models.recommenders.members import MEMBERS
from saldopas.models.recommenders.registry import MODELS
from saldopas.training_pipeline.gate.verdict import GateConfig
from saldopas.training_pipeline.ingest.files import read_toml, validated
from saldopas.training_pipeline.training.selection import POPULARITY, PROFILE_POPULARITY, auto_names

AUTO_NAME = "auto"


class TrainingConfig(Frozen):
    """Compared models, and how purchases are held out.

    `models` holds hyperparameters by model name; a model named there is taken as given and not
    searched, for example `[models.ease]` with `l2 = 500.0`.
    """

    model: str = AUTO_NAME
    compared: tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        description="models that auto compares for histories; by default `selection.auto_names`",
    )
    seed: int = Field(default=7, ge=0, le=2**31 - 1)
    search: bool = True
    tuned: bool = Field(
        default=True, description="take what `saldopas tune` found for this dataset, if it did"
    )
    blend: bool | None = Field(
        default=None, description="weigh models by history length; by default where `auto` compares"
    )
    balance_fit: bool = Field(
        default=False, description="learn how prices stand to balances, where it clearly helps"
    )
    search_memory_mb: int = Field(
        default=600, ge=1, description="peak memory of a closed-form fit while searching"
    )
    split: SplitConfig = SplitConfig()
    exploration: ExplorationConfig = ExplorationConfig()
    gate: GateConfig = GateConfig()
    models: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_models(self) -> TrainingConfig:
        known = ", ".join(MODELS)
        for name in {self.model, *self.models} - {AUTO_NAME}:
            if name not in MODELS:
                raise ValueError(f"unknown model {name!r}: use {AUTO_NAME} or one of {known}")
        if AUTO_NAME in self.models:
            raise ValueError(f"[models.{AUTO_NAME}] is no model: use one of {known}")
        alone = set(MEMBERS) - {POPULARITY, PROFILE_POPULARITY}
        for name in self.compared or ():
            if name not in alone or (self.compared or ()).count(name) > 1:
                told = ", ".join(sorted(alone))
                raise ValueError(f"compared holds {name!r}: use some of {told}, each once")
        if self.blend and self.model not in {AUTO_NAME, *alone}:
            raise ValueError(f"{self.model} is not blended: leave out blend = true")
        for name, values in self.models.items():
            MODELS[name].config_type.model_validate(values)
        return self

    def names(self, train: TrainingSet) -> tuple[str, ...]:
        """Models that may answer for people with a history, where `train` is learned from."""
        if self.model != AUTO_NAME:
            return (self.model,)
        closed_form = EaseConfig.model_validate(self.models.get(Ease.name, {}))
        return self.compared or auto_names(train, memory_mb=closed_form.memory_mb)

    @property
    def blends(self) -> bool:
        """Whether the best of each model are weighed, or the best one answers alone."""
        return self.model == AUTO_NAME if self.blend is None else self.blend

    @property
    def uses_tuned(self) -> bool:
        """Whether hyperparameters of a tuning are asked for."""
        return self.search and self.tuned

    @property
    def fixed(self) -> dict[str, dict[str, Any]]:
        """Hyperparameters that are not searched."""
        if self.search:
            return self.models
        return {name: self.models.get(name, {}) for name in (POPULARITY, *MODELS)}


def read_training_config(path: Path | None, **overrides: Any) -> TrainingConfig:
    """The configuration of a TOML file, options of the command line on top.

    Raises:
        DataError: no such file, not TOML, an unknown key or a value out of its range.
    """
    given = {key: value for key, value in overrides.items() if value is not None}
    return validated(
        TrainingConfig,
        read_toml(path) | given,
        path=path,
        remedy="see docs/training.md for the keys",
    )


@dataclass(frozen=True)
class LookedAt:
    """The data before a test cut, on which choices may be made.

    Attributes:
        method: how the test was held out.
        until_s: by date, the purchases from then on are outside; else the end of the data.
        known: digest of the purchases and profiles inside; empty by date, where the moment says it.
    """

    method: Method
    until_s: int
    known: str

    @classmethod
    def before(cls, test: Cut) -> LookedAt:
        """All but what the test cut holds out."""
        return cls(
            method=test.method,
            until_s=test.train.as_of_s,
            known="" if test.method == "by-date" else _digest(test),
        )

    def spares(self, test: LookedAt) -> bool:
        """Whether nothing of a test was looked at.

        By date that is a moment. Otherwise single purchases or people are held out, which depends
        on the data, the share and the seed: only the very same test is surely spared.
        """
        if self.method == test.method == "by-date":
            return self.until_s <= test.until_s
        return self == test


@dataclass(frozen=True)
class Tuned:
    """Hyperparameters that were found, model by model.

    Attributes:
        models: hyperparameters by model; defaults hold for what is not named.
        runs: the MLflow run that each comes from.
        run_id: the newest of them.
        tuned_at: when that came to its end.
        same_data: whether all were found on this very data; else it has changed since.
    """

    models: dict[str, dict[str, Any]]
    runs: dict[str, str]
    run_id: str
    tuned_at: datetime
    same_data: bool

    def under(self, config: TrainingConfig) -> TrainingConfig:
        """`config` with what was tuned for every model that it gives no hyperparameters for."""
        return config.model_copy(update={"models": {**self.models, **config.models}})

    @property
    def note(self) -> str:
        """A line for a person."""
        changed = "" if self.same_data else "; the data has changed since, so tune again some day"
        return (
            f"hyperparameters of {', '.join(self.models)} come from tuning run {self.run_id} of "
            f"{self.tuned_at:%Y-%m-%d %H:%M} UTC{changed}"
        )


def _digest(test: Cut) -> str:
    people = test.train.participants
    told = (people.sequence.indptr, people.sequence.item_idx, people.tokens.indptr)
    digest = hashlib.sha256()
    for array in (*told, people.tokens.indices):
        digest.update(len(array).to_bytes(8, "little"))
        digest.update(array.astype("<i8").tobytes())
    return digest.hexdigest()
