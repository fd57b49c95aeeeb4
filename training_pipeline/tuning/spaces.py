"""Which hyperparameters are tuned, and between which bounds: declared here and nowhere else."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)
from saldopas.features.errors import DataError


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
