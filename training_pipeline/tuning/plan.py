"""What is tuned and on which purchases: everything that makes two tunings comparable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from saldopas.features.encoding.batch import TrainingSet
from saldopas.features.encoding.indexed import IndexedDataset, index_dataset
from saldopas.features.errors import DataError
from saldopas.features.splits.split import Cut, earlier_windows, make_cuts
from saldopas.features.tables.dataset import Dataset
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC, Evaluation
from saldopas.training_pipeline.training.comparing import Group
from saldopas.training_pipeline.training.config import AUTO_NAME, TrainingConfig
from saldopas.training_pipeline.training.selection import POPULARITY, PROFILE_POPULARITY
from saldopas.training_pipeline.training.tuned import LookedAt
from saldopas.training_pipeline.tuning.spaces import SPACES, space_of

WINDOWS = 3
NEW: Group = "new"
WARM: Group = "warm"


@dataclass(frozen=True)
class TuningPlan:
    """A tuning before its first trial.

    Attributes:
        fingerprint: of the whole data; name: of the dataset.
        windows: validation cuts, the newest first; test is not among them.
        models: what is tuned, in order.
        config: split, seed, memory and the hyperparameters that are held.
        looked_at: all but what test holds out.
    """

    name: str
    fingerprint: str
    data: IndexedDataset
    windows: tuple[Cut, ...]
    models: tuple[str, ...]
    config: TrainingConfig
    looked_at: LookedAt

    def held(self, model: str) -> dict[str, Any]:
        """Hyperparameters that the operator gave."""
        return self.config.models.get(model, {})

    def study_name(self, model: str) -> str:
        """The same for the same data, release, ranges, windows and seed: others have their own."""
        told = [
            version("saldopas"),
            space_of(model).version,
            self.held(model),
            self.held(POPULARITY),
            len(self.windows),
            self.config.split.model_dump(mode="json"),
            self.config.seed,
            self.config.search_memory_mb,
        ]
        return f"{self.name} {self.fingerprint[:12]} {model} {_digest(told)}"

    @property
    def key(self) -> str:
        """The same for a tuning that goes on where this one stopped."""
        return _digest([self.study_name(model) for model in self.models])


def make_plan(dataset: Dataset, config: TrainingConfig, *, windows: int | None) -> TuningPlan:
    """Cut the data and settle what is tuned.

    Args:
        dataset: a checked dataset.
        config: `model` says what is tuned; hyperparameters in `models` are held as they are.
        windows: how many validation windows, where the split is by date; None: what the
            configuration asks for, else `WINDOWS`.

    Raises:
        DataError: too little to hold anything out, or a model that has no space.
    """
    asked = config.split.model_fields_set
    if windows is None:
        given = "validation_windows" in asked
        windows = config.split.validation_windows if given else WINDOWS
    split = config.split.model_copy(update={"validation_windows": windows})
    models = None if config.model == AUTO_NAME else (config.model,)
    for model in models or ():
        space_of(model)
    data = index_dataset(dataset)
    cuts = make_cuts(data, split, seed=config.seed)
    if cuts is None:
        raise DataError(
            "too little was bought to hold anything out",
            table="purchases",
            remedy="train with defaults, or add purchases",
        )
    validation, test = cuts
    earlier = earlier_windows(data, split, cuts, seed=config.seed)
    return TuningPlan(
        name=data.config.name,
        fingerprint=dataset.fingerprint,
        data=data,
        windows=(validation, *_judges(validation, earlier, split.min_cases)),
        models=models or _every_model(config, validation.train),
        config=config.model_copy(update={"split": split}),
        looked_at=LookedAt.before(test),
    )


def group_of(model: str) -> Group:
    """Whom a model is chosen for: those with a history, but newcomers where it is popularity."""
    return NEW if model in (POPULARITY, PROFILE_POPULARITY) else WARM


def measured(found: Evaluation, model: str) -> float:
    """The main metric for whom the model is chosen; of the others where there are none."""
    group = group_of(model)
    value = found.mean(MAIN_METRIC, group)
    if value is None:
        value = found.mean(MAIN_METRIC, WARM if group == NEW else NEW)
    return value or 0.0


def _judges(newest: Cut, earlier: Sequence[Cut], least: int) -> list[Cut]:
    """Earlier windows with `least` decisions of newcomers and of others, or as many as the newest.

    A mean over windows weighs each the same, so one with two decisions must not be among them.
    """
    wanted = [min(least, count) for count in _counts(newest)]
    return [
        window
        for window in earlier
        if all(count >= some for count, some in zip(_counts(window), wanted, strict=True))
    ]


def _counts(window: Cut) -> tuple[int, int]:
    """Decisions of newcomers, and of people with a history."""
    new = int((window.cases.seen == 0).sum())
    return new, window.cases.n_cases - new


def _every_model(config: TrainingConfig, train: TrainingSet) -> tuple[str, ...]:
    """What `saldopas train` compares."""
    names: Sequence[str] = [
        POPULARITY,
        *([PROFILE_POPULARITY] if train.vocabulary.n_tokens > 0 else []),
        *config.names(train),
    ]
    return tuple(name for name in dict.fromkeys(names) if name in SPACES)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
