"""Plan of a tuning: models, bounds of their hyperparameters, validation windows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)
from saldopas.features.encoding.batch import TrainingSet
from saldopas.features.encoding.indexed import IndexedDataset, index_dataset
from saldopas.features.errors import DataError
from saldopas.features.splits.split import Cut, earlier_windows, make_cuts
from saldopas.features.tables.dataset import Dataset
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC, Evaluation
from saldopas.training_pipeline.training.comparing import Group
from saldopas.training_pipeline.training.config import AUTO_NAME, LookedAt, TrainingConfig
from saldopas.training_pipeline.training.selection import POPULARITY, PROFILE_POPULARITY

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
    """The group that a model is chosen for: newcomers for popularity, else the others."""
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
    """Every model that `saldopas train` compares."""
    names: Sequence[str] = [
        POPULARITY,
        *([PROFILE_POPULARITY] if train.vocabulary.n_tokens > 0 else []),
        *config.names(train),
    ]
    return tuple(name for name in dict.fromkeys(names) if name in SPACES)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Space:
    """The hyperparameters of one model.

    Attributes:
        parameters: a name of the model's configuration, and its range; the default lies inside.
        enough: trials after which more are rarely worth their time, unless `--trials` asks.
    """

    parameters: dict[str, BaseDistribution]
    enough: int

    @property
    def version(self) -> str:
        """Changes with any range, so that a study never mixes two of them."""
        told = {name: distribution_to_json(d) for name, d in self.parameters.items()}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:8]


def _log(low: float, high: float) -> FloatDistribution:
    return FloatDistribution(low, high, log=True)


def _log_int(low: int, high: int) -> IntDistribution:
    return IntDistribution(low, high, log=True)


# Rendle et al. 2021 (iALS): regularisation and the weight of a purchase matter most, both on a log
# scale. Steck 2019: lambda on a log scale; Steck 2020: the share of the diagonal is below 1.
# Choi et al. 2021 (SLIST): lambda, the two decays and the balance of order and set. Dacrema et al.
# 2019: neighbours up to 1,000 and the weighting of item-item models. Half-lives up to 1,000 days
# are as good as none on data of a year or two.
SPACES: dict[str, Space] = {
    "popularity": Space(
        {
            "half_life_days": _log(2.0, 1_000.0),
            "prior_strength": _log(0.1, 100.0),
            "level_strength": _log(1.0, 300.0),
            "age_power": FloatDistribution(0.0, 1.0),
            "season_power": FloatDistribution(0.0, 1.0),
        },
        enough=40,
    ),
    "profile-popularity": Space(
        {
            "half_life_days": _log(2.0, 1_000.0),
            "token_strength": _log(50.0, 100_000.0),
            "profile_strength": _log(50.0, 1_000_000.0),
        },
        enough=30,
    ),
    "item-neighbours": Space(
        {
            "weighting": CategoricalDistribution(("cosine", "tfidf", "bm25")),
            "neighbours": _log_int(5, 1_000),
        },
        enough=25,
    ),
    "als": Space(
        {
            "factors": _log_int(16, 256),
            "regularization": _log(0.01, 100.0),
            "alpha": _log(0.3, 100.0),
            "iterations": IntDistribution(5, 25),
            "past_decay": FloatDistribution(0.3, 1.0),
            "repeat_power": FloatDistribution(0.0, 1.0),
            "token_weight": FloatDistribution(0.0, 1.0),
            "trend_power": FloatDistribution(0.0, 1.0),
            "trend_half_life_days": _log(3.0, 90.0),
        },
        enough=60,
    ),
    "bpr": Space(
        {
            "factors": _log_int(16, 256),
            "learning_rate": _log(0.005, 0.5),
            "regularization": _log(0.0001, 1.0),
            "iterations": _log_int(10, 200),
            "past_decay": FloatDistribution(0.3, 1.0),
            "fold_in_l2": _log(0.001, 100.0),
            "token_l2": _log(1.0, 10_000.0),
        },
        enough=40,
    ),
    "lmf": Space(
        {
            "factors": _log_int(8, 128),
            "alpha": _log(0.1, 30.0),
            "learning_rate": _log(0.1, 3.0),
            "regularization": _log(0.01, 10.0),
            "iterations": _log_int(10, 100),
            "negatives": _log_int(5, 60),
            "past_decay": FloatDistribution(0.3, 1.0),
            "fold_in_l2": _log(0.01, 100.0),
            "token_l2": _log(1.0, 10_000.0),
        },
        enough=40,
    ),
    "ease": Space(
        {
            "l2": _log(0.1, 10_000.0),
            "l2_diagonal": FloatDistribution(0.0, 1.0),
            "token_weight": _log(0.1, 10.0),
            "neighbour_weight": FloatDistribution(0.0, 0.2),
            "trend_power": FloatDistribution(0.0, 1.0),
            "trend_half_life_days": _log(3.0, 90.0),
            "min_purchases": _log_int(1, 50),
        },
        enough=60,
    ),
    "sequence-ridge": Space(
        {
            "past_decay": FloatDistribution(0.3, 1.0),
            "future_decay": FloatDistribution(0.2, 1.0),
            "length_power": FloatDistribution(0.0, 1.5),
            "set_weight": CategoricalDistribution((0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)),
            "l2": _log(0.1, 3_000.0),
            "l2_diagonal": FloatDistribution(0.0, 1.0),
            "token_weight": _log(0.1, 10.0),
            "popularity_power": FloatDistribution(0.0, 0.5),
            "trend_power": FloatDistribution(0.0, 1.0),
            "trend_half_life_days": _log(3.0, 90.0),
            "min_purchases": _log_int(1, 50),
        },
        enough=80,
    ),
}


def space_of(model: str) -> Space:
    """The space of a model.

    Raises:
        DataError: nothing of this model is tuned.
    """
    if model not in SPACES:
        raise DataError(
            f"model {model!r} has no search space",
            remedy=f"use --model auto or one of {', '.join(SPACES)}",
        )
    return SPACES[model]
