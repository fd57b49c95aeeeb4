"""Configurations of one model, fitted and measured on every validation window."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from saldopas.features.encoding.indexed import IndexedDataset
from saldopas.features.splits.split import Cut
from saldopas.models.policy.policy import Policy, Stage
from saldopas.models.recommenders.recommender import Recommender
from saldopas.models.recommenders.registry import MODELS
from saldopas.training_pipeline.evaluating.evaluation import (
    MAIN_METRIC,
    Evaluation,
    Gains,
    evaluate_policy,
    gains_of_lists,
)

Group = Literal["warm", "new"]  # people with an earlier purchase, and without
GROUPS: tuple[Group, ...] = ("warm", "new")
OTHER_GROUP: dict[Group, Group] = {"warm": "new", "new": "warm"}
# One pass of coordinate search: from the model's defaults each line is tried in order, and the best
# value is kept. The values are the usual grids of the papers that the models cite.
SEARCH: dict[str, tuple[tuple[str, tuple[Any, ...]], ...]] = {
    "popularity": (
        ("half_life_days", (7.0, 15.0, 90.0, None)),
        ("age_power", (0.0, 0.5)),
        ("prior_strength", (0.0, 10.0)),
        ("season_power", (0.5,)),
    ),
    "profile-popularity": (
        ("half_life_days", (15.0, None)),
        ("token_strength", (500.0, 30_000.0)),
    ),
    "item-neighbours": (("weighting", ("bm25",)),),
    "als": (("regularization", (10.0, 30.0)), ("alpha", (1.0, 30.0)), ("token_weight", (1.0,))),
    "bpr": (("past_decay", (0.8,)), ("fold_in_l2", (0.03, 0.3))),
    "lmf": (("regularization", (2.0, 5.0)), ("iterations", (15,)), ("fold_in_l2", (0.5, 8.0))),
    "ease": (
        ("l2", (100.0, 1_000.0, 3_000.0)),
        ("l2_diagonal", (0.1, 0.3)),
        ("min_purchases", (20,)),
        ("trend_power", (0.5,)),
        ("neighbour_weight", (0.05,)),
        ("token_weight", (3.0,)),
    ),
    "sequence-ridge": (
        ("set_weight", (0.3, 3.0, 30.0)),
        ("past_decay", (0.9, 1.0)),
        ("l2", (10.0, 100.0, 300.0, 1_000.0)),
        ("length_power", (0.0, 1.0)),
        ("future_decay", (0.8,)),
        ("trend_power", (0.5,)),
        ("popularity_power", (0.0, 0.2)),
        ("token_weight", (0.5, 2.0)),
    ),
}


@dataclass(frozen=True)
class Tried:
    """A configuration and how it did over all windows.

    Attributes:
        model, config: what was tried.
        means: mean over the windows of the metric of each group; None where nobody is in it.
        gains: the metric of every decision of each group, and what each course adds to it.
        seconds: how long it took.
        fitted: one a window; kept for the best of each model only.
        place: order in the search of its model, from 1.
    """

    model: str
    config: dict[str, Any]
    means: dict[Group, float | None]
    gains: dict[Group, Gains]
    seconds: float
    fitted: tuple[Recommender, ...]
    place: int = 1

    def score(self, group: Group) -> float:
        """The mean of a group, of the other one where it is empty."""
        mean, other = self.means[group], self.means[OTHER_GROUP[group]]
        return mean if mean is not None else other or 0.0

    def gains_of(self, group: Group) -> Gains:
        """The gains of a group, of the other one where it is empty."""
        return self.gains[group if self.gains[group].n_decisions else OTHER_GROUP[group]]

    def clearly_beats(self, other: Tried, group: Group) -> bool:
        """Whether it is better on a group beyond the noise of people and of courses."""
        return self.gains_of(group).clearly_above(other.gains_of(group))


@dataclass(frozen=True)
class Comparison:
    """Fits and measures configurations on every validation window.

    Attributes:
        windows: validation cuts; a figure is the mean over them.
        memory_mb: bound of a closed-form solve while comparing.
        advance: called after each configuration.
    """

    data: IndexedDataset
    windows: tuple[Cut, ...]
    fixed: dict[str, dict[str, Any]]
    memory_mb: int
    seed: int
    advance: Callable[[], object]

    def search(self, name: str, behind: Tried | None, group: Group) -> list[Tried]:
        """One pass of coordinate search over the lines of `SEARCH`, the best one first.

        The best value of a line is taken only where it is clearly better on the group than what was
        best before: what noise prefers is not better than the default.
        """
        best = self.attempt(name, self.fixed.get(name, {}), behind)
        others: list[Tried] = []
        for parameter, values in () if name in self.fixed else SEARCH.get(name, ()):
            line = [
                replace(self.attempt(name, {**best.config, parameter: v}, behind), place=place)
                for place, v in enumerate(values, start=len(others) + 2)
            ]
            first = max(line, key=lambda tried: tried.score(group))
            if first.clearly_beats(best, group):
                line = [best, *(tried for tried in line if tried is not first)]
                best = first
            others += [replace(tried, fitted=()) for tried in line]
        return [best, *others]

    def attempt(
        self,
        name: str,
        config: dict[str, Any],
        behind: Tried | None,
        *,
        after_window: Callable[[Evaluation], object] = lambda found: None,
    ) -> Tried:
        """One configuration, with popularity `behind` it for what it does not know.

        `after_window` is called with what was measured on each window; it may raise to stop here.
        """
        started = time.perf_counter()
        kind = MODELS[name]
        bound = (
            {"memory_mb": self.memory_mb} if "memory_mb" in kind.config_type.model_fields else {}
        )
        typed = kind.config_type.model_validate({**bound, **config})
        fitted, found = [], []
        for place, window in enumerate(self.windows):
            model = kind.fit(typed, window.train, seed=self.seed)
            stages = [Stage("popular", behind.fitted[place] if behind else model)]
            if behind:
                stages = [Stage("history", model), Stage("profile", model), *stages]
            policy = Policy(tuple(stages), self.data.courses)
            found.append(evaluate_policy(policy, self.data, window))
            fitted.append(model)
            after_window(found[-1])
        self.advance()
        return Tried(
            name,
            config,
            means={
                group: _mean([one.mean(MAIN_METRIC, group) for one in found]) for group in GROUPS
            },
            gains={group: self._gains(found, group) for group in GROUPS},
            seconds=time.perf_counter() - started,
            fitted=tuple(fitted),
        )

    def _gains(self, found: Sequence[Evaluation], group: Group) -> Gains:
        return Gains.joined(
            [
                gains_of_lists(one.lists, window.cases, one.groups[group])
                for one, window in zip(found, self.windows, strict=True)
            ]
        )


def _mean(values: Sequence[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return sum(present) / len(present) if present else None
