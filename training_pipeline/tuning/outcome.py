"""What a tuning found: what to take for each model, and a configuration for `saldopas train`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from saldopas.training_pipeline.tuning.attempts import Attempt, best_first, best_of
from saldopas.training_pipeline.tuning.plan import TuningPlan, group_of

LEAST_TRIALS = 10  # of a model before train takes what it found instead of searching by itself


@dataclass(frozen=True)
class TuningOutcome:
    """All that was tried in one tuning, this session's trials and those before.

    Attributes:
        taken: of each model the trial that is clearly better than its defaults, else the defaults.
    """

    plan: TuningPlan
    run_id: str
    attempts: tuple[Attempt, ...]
    taken: Mapping[str, Attempt]

    def of(self, model: str) -> list[Attempt]:
        """Its trials in order."""
        return [one for one in self.attempts if one.model == model]

    @property
    def best(self) -> dict[str, Attempt]:
        """The best mean of each model; one of which no trial came to its end is left out."""
        found = {model: best_of(self.of(model)) for model in self.plan.models}
        return {model: attempt for model, attempt in found.items() if attempt is not None}

    @property
    def for_train(self) -> dict[str, Attempt]:
        """What `saldopas train` takes from now on."""
        return {m: one for m, one in self.taken.items() if len(self.of(m)) >= LEAST_TRIALS}

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
        """A file for `saldopas train --config`: no model in it is searched again."""
        config = self.plan.config
        given = config.model_dump(exclude_defaults=True, exclude={"models"})
        lines = [
            f"# Found by `saldopas tune` on {self.plan.name}: MLflow run {self.run_id}",
            f"# data {self.plan.fingerprint}",
            *_table({"model": config.model, "seed": config.seed, **given}),
        ]
        for model, attempt in self.taken.items():
            score = "" if attempt.score is None else f"{attempt.score:.4f}"
            lines += ["", f"[models.{model}]  # NDCG@10 {score}, {_people(model)}"]
            lines += _table(attempt.config, f"models.{model}.")
        return "\n".join(lines) + "\n"

    def _model(self, model: str) -> dict[str, Any]:
        tried = self.of(model)
        best, taken = self.best.get(model), self.taken.get(model)
        return {
            "people": group_of(model),
            "default": tried[0].score if tried else None,
            "best": best.score if best else None,
            "taken": taken.score if taken else None,
            "clearly_better": taken is not None and taken.number != 1,
            "config": taken.config if taken else None,
            "for_train": model in self.for_train,
            "trials": len(tried),
            "seconds": round(sum(one.seconds for one in tried), 3),
        }


def _people(model: str) -> str:
    return {"warm": "people with a history", "new": "new people"}[group_of(model)]


def _table(values: Mapping[str, Any], path: str = "") -> list[str]:
    """Lines of a table at a dotted path: its own values, then the tables in it."""
    inner = {key: value for key, value in values.items() if isinstance(value, Mapping)}
    plain = {key: value for key, value in values.items() if key not in inner}
    lines = [f"{key} = {_toml(value)}" for key, value in plain.items() if value is not None]
    for key, value in inner.items():
        lines += ["", f"[{path}{key}]", *_table(value, f"{path}{key}.")]
    return lines


def _toml(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)
