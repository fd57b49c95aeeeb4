"""What an earlier tuning found, and whether the test cut of a training lies outside its data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from saldopas.features.splits.split import Cut
from saldopas.features.splits.split_config import Method
from saldopas.training_pipeline.training.config import TrainingConfig


@dataclass(frozen=True)
class LookedAt:
    """What is known before a test cut: all that may be chosen on.

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
