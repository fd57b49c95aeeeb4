"""What a tuning found: the best of each model, and a configuration for `saldopas train`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from training_pipeline.training_config import AUTO_NAME, TrainingConfig
from training_pipeline.tuning.attempts import Attempt, best_first, best_of
from training_pipeline.tuning.plan import TuningPlan, group_of


@dataclass(frozen=True)
class TuningOutcome:
    """All that was tried in one tuning, this session's trials and those before."""

    plan: TuningPlan
    run_id: str
    attempts: tuple[Attempt, ...]

    def of(self, model: str) -> list[Attempt]:
        """Its trials in order."""
        return [one for one in self.attempts if one.model == model]

    @property
    def best(self) -> dict[str, Attempt]:
        """The best complete trial of each model; a model without one is left out."""
        found = {model: best_of(self.of(model)) for model in self.plan.models}
        return {model: attempt for model, attempt in found.items() if attempt is not None}

    def summary(self) -> dict[str, Any]:
        """What `saldopas tune --json` prints."""
        return {
            "run_id": self.run_id,
            "experiment": self.plan.name,
            "fingerprint": self.plan.fingerprint,
            "split": self.plan.windows[0].method,
            "windows": len(self.plan.windows),
            "cases": [window.cases.n_cases for window in self.plan.windows],
            "models": {model: self._model(model) for model in self.plan.models},
            "trials": [
                attempt.summary()
                for model in self.plan.models
                for attempt in best_first(self.of(model))
            ],
        }

    def toml(self) -> str:
        """A file for `saldopas train --config`: nothing in it is searched again."""
        config = self.plan.config
        lines = [
            f"# Found by `saldopas tune` on {self.plan.name}: MLflow run {self.run_id}",
            f"# data {self.plan.fingerprint}",
            f"model = {_toml(config.model if config.model != AUTO_NAME else AUTO_NAME)}",
            f"seed = {config.seed}",
            "",
            "[split]",
            *_table(_changed(config)),
        ]
        for model, attempt in self.best.items():
            score = f"{attempt.score:.4f}" if attempt.score is not None else ""
            lines += ["", f"[models.{model}]  # NDCG@10 {score}, {_people(model)}"]
            lines += _table(attempt.config)
        return "\n".join(lines) + "\n"

    def _model(self, model: str) -> dict[str, Any]:
        tried = self.of(model)
        best = self.best.get(model)
        return {
            "people": group_of(model),
            "default": tried[0].score if tried else None,
            "best": best.score if best else None,
            "config": best.config if best else None,
            "trials": len(tried),
            "seconds": round(sum(one.seconds for one in tried), 3),
        }


def _people(model: str) -> str:
    return {"warm": "people with a history", "new": "new people"}[group_of(model)]


def _changed(config: TrainingConfig) -> dict[str, Any]:
    """The split as far as it is not the default."""
    plain = type(config.split)().model_dump()
    return {key: value for key, value in config.split.model_dump().items() if value != plain[key]}


def _table(values: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in values.items() if value is not None]


def _toml(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value)
