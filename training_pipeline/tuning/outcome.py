"""Trials, and what a tuning found: a configuration for `saldopas train`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from saldopas.training_pipeline.evaluating.evaluation import Gains
from saldopas.training_pipeline.tuning.plan import TuningPlan, group_of

State = Literal["complete", "pruned", "failed"]
CANDIDATES = 5  # trials that are looked at; the best first
LEAST_TRIALS = 10  # of a model before train takes what it found instead of searching by itself


@dataclass(frozen=True)
class Attempt:
    """One trial.

    Attributes:
        number: counted from 1 for each model; the first is the model's defaults.
        config: the hyperparameters that differ from run to run, and those that were held.
        by_window: NDCG@10 on each validation window that it got to, the newest first.
        why: what went wrong, empty unless it failed.
    """

    model: str
    number: int
    state: State
    config: dict[str, Any]
    by_window: tuple[float, ...]
    seconds: float
    started_at: datetime
    why: str = ""

    @property
    def score(self) -> float | None:
        """Mean over the windows; None where it did not see them all."""
        if self.state != "complete":
            return None
        return sum(self.by_window) / len(self.by_window)

    def summary(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "model": self.model,
            "number": self.number,
            "state": self.state,
            "score": self.score,
            "by_window": list(self.by_window),
            "seconds": round(self.seconds, 3),
            "config": self.config,
        } | ({"why": self.why} if self.why else {})


def best_of(attempts: Sequence[Attempt]) -> Attempt | None:
    """The highest score, the earliest of equals, so that defaults stay unless beaten."""
    complete = [(one.score, -one.number, one) for one in attempts if one.score is not None]
    return max(complete, key=lambda entry: entry[:2])[2] if complete else None


def best_first(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Complete by score, then pruned by the windows they got to and their mean, then failed."""
    order = {"complete": 0, "pruned": 1, "failed": 2}
    return sorted(
        attempts,
        key=lambda one: (
            order[one.state],
            -len(one.by_window),
            -sum(one.by_window) / max(len(one.by_window), 1),
            one.number,
        ),
    )


def taken_of(
    attempts: Sequence[Attempt],
    known: MutableMapping[int, Gains],
    measure: Callable[[dict[str, Any]], Gains],
) -> Attempt | None:
    """The trial whose hyperparameters are worth taking; None where none came to its end.

    The best of many trials is partly luck, so of the best `CANDIDATES` the first is taken whose
    gain over the defaults is clear for people and for courses (`Gains.clearly_above`, as the search
    of `train` asks), else the defaults. Where the defaults failed, the best mean is taken.

    Args:
        attempts: of one model; the first are its defaults.
        known: gains by a trial's number, of the trials of this session; completed here.
        measure: the gains of a configuration, for trials of an earlier session.
    """
    complete = [one for one in best_first(attempts) if one.score is not None]
    defaults = next((one for one in complete if one.number == 1), None)
    if defaults is None:
        return complete[0] if complete else None

    def gains_of(one: Attempt) -> Gains:
        if one.number not in known:
            known[one.number] = measure(one.config)
        return known[one.number]

    ahead = complete[: complete.index(defaults)][:CANDIDATES]
    clear = (one for one in ahead if gains_of(one).clearly_above(gains_of(defaults)))
    return next(clear, defaults)


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
        """Hyperparameters that `saldopas train` uses from now on."""
        return {m: one for m, one in self.taken.items() if len(self.of(m)) >= LEAST_TRIALS}

    def summary(self) -> dict[str, Any]:
        """The outcome as `saldopas tune --json` prints it."""
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
