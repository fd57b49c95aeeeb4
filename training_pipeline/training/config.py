"""How `saldopas train` works: the TOML of `--config`, every key with a default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, model_validator
from saldopas.features.encoding.batch import TrainingSet
from saldopas.features.splits.split_config import SplitConfig
from saldopas.features.tables.dataset_config import Frozen
from saldopas.models.policy.exploration import ExplorationConfig
from saldopas.models.recommenders.ease import Ease, EaseConfig
from saldopas.models.recommenders.members import MEMBERS
from saldopas.models.recommenders.registry import MODELS
from saldopas.training_pipeline.gate.verdict import GateConfig
from saldopas.training_pipeline.ingest.toml_config import read_toml, validated
from saldopas.training_pipeline.training.selection import POPULARITY, PROFILE_POPULARITY, auto_names

AUTO_NAME = "auto"


class TrainingConfig(Frozen):
    """What is compared and how purchases are held out.

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
