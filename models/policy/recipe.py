"""What a policy is made of before it is fitted: which model answers at which stage, and how."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field
from saldopas.features.encoding.batch import TrainingSet
from saldopas.features.tables.dataset_config import Frozen
from saldopas.models.policy.balance_fit import BalanceFit
from saldopas.models.policy.exploration import Exploration, ExplorationConfig
from saldopas.models.policy.policy import Policy, Source, Stage
from saldopas.models.recommenders.blend import Blend, BlendConfig
from saldopas.models.recommenders.recommender import Recommender
from saldopas.models.recommenders.registry import MODELS


class StageRecipe(Frozen):
    """One stage: a model's name and its hyperparameters as plain values."""

    source: Source
    model: str
    config: dict[str, Any] = Field(default_factory=dict)

    @property
    def typed_config(self) -> Frozen:
        """The model's own configuration.

        Raises:
            pydantic.ValidationError: an unknown key or a value out of its range.
        """
        return MODELS[self.model].config_type.model_validate(self.config)

    @property
    def model_names(self) -> tuple[str, ...]:
        """The models that answer: the members, where it is a blend."""
        if self.model != Blend.name:
            return (self.model,)
        config = BlendConfig.model_validate(self.config)
        return tuple(member.model for member in config.members)

    @property
    def key(self) -> str:
        """The same for stages that share one fitted model."""
        return f"{self.model} {self.typed_config.model_dump_json()}"


class Recipe(Frozen):
    """Stages in order, of which the last must answer for everybody, and what is done on top."""

    stages: tuple[StageRecipe, ...]
    exploration: ExplorationConfig = ExplorationConfig()
    balance_fit: BalanceFit | None = None

    def fit(self, train: TrainingSet, *, seed: int) -> Policy:
        """Each distinct model fitted once."""
        fitted: dict[str, Recommender] = {}
        for stage in self.stages:
            if stage.key not in fitted:
                model = MODELS[stage.model]
                fitted[stage.key] = model.fit(stage.typed_config, train, seed=seed)
        n_bought = np.bincount(train.participants.sequence.item_idx, minlength=train.n_items)
        return Policy(
            stages=tuple(Stage(stage.source, fitted[stage.key]) for stage in self.stages),
            courses=train.courses,
            exploration=Exploration.of_counts(self.exploration, n_bought, seed=seed),
            balance_fit=self.balance_fit,
        )

    def exploring(self, exploration: ExplorationConfig) -> Recipe:
        """The same stages, and this much explored."""
        return self.model_copy(update={"exploration": exploration})

    def with_balance_fit(self, balance_fit: BalanceFit | None) -> Recipe:
        """The same stages, and scores at this balance fit."""
        return self.model_copy(update={"balance_fit": balance_fit})

    @classmethod
    def of(cls, policy: Policy) -> Recipe:
        """The recipe of a fitted policy, every hyperparameter written out."""
        return cls(
            stages=tuple(
                StageRecipe(
                    source=stage.source,
                    model=stage.model.name,
                    config=stage.model.config.model_dump(mode="json"),
                )
                for stage in policy.stages
            ),
            exploration=policy.exploration.config if policy.exploration else ExplorationConfig(),
            balance_fit=policy.balance_fit,
        )
