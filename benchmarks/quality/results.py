"""All lists scored by the project's one scorer, with intervals and paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from saldopas.models.policy.policy import Recommendations
from saldopas.training_pipeline.evaluating.metrics import case_metrics
from saldopas.training_pipeline.evaluating.statistics import (
    bootstrap_interval,
    bootstrap_means,
    holm,
    paired_difference,
)
from scipy.sparse import csr_array

from benchmarks.quality.task import Task

CUTOFFS = (10, 20)
SEED = 7
RESAMPLES = 9_999  # of a bootstrap p-value, which is never below 1 / 10,000
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Entry:
    """One row of the tables.

    Attributes:
        name, family: of the model; variant: `default`, `tuned` or `chosen`.
        lists: (B, 20) int32, -1 past the end.
        facts: what else is known: config, validation figure, tries, seconds.
    """

    name: str
    family: str
    variant: str
    lists: NDArray[np.int32]
    facts: Mapping[str, Any]


def case_values(lists: NDArray[np.int32], task: Task, metrics: Sequence[str]) -> Floats:
    """(B, m) of `saldopas.training_pipeline.evaluating.metrics.case_metrics`."""
    present = lists >= 0
    items = lists[present].astype(np.int64)
    indptr = np.concatenate([[0], np.cumsum(present.sum(axis=1))]).astype(np.int64)
    ragged = Recommendations(
        indptr, items, np.zeros(len(items), np.float32), np.zeros(len(items), np.int8)
    )
    bought = np.ones(len(task.target_item), np.bool_)
    shape = (task.n_cases, task.width)
    targets = csr_array((bought, task.target_item, task.target_indptr), shape)
    frame = case_metrics(ragged, targets, cutoffs=CUTOFFS)
    return frame[list(metrics)].to_numpy(np.float64)


def padded(lists: Recommendations, depth: int) -> NDArray[np.int32]:
    """Ragged lists as (B, depth), -1 past the end."""
    lengths = np.diff(lists.indptr)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    ranks = np.arange(len(lists.item_idx)) - np.repeat(lists.indptr[:-1], lengths)
    square = np.full((len(lengths), depth), -1, np.int32)
    within = ranks < depth
    square[rows[within], ranks[within]] = lists.item_idx[within]
    return square


def groups_of(task: Task, new: NDArray[np.bool_]) -> dict[str, NDArray[np.bool_]]:
    """Decisions of people with (`warm`) and without (`new`) an earlier purchase; none is empty."""
    found = {"warm": ~new, "new": new}
    return {
        name: chosen for name, chosen in found.items() if len(set(task.participant[chosen])) > 1
    }


def summarise(
    entries: Sequence[Entry], task: Task, metrics: Sequence[str], new: NDArray[np.bool_]
) -> dict[str, Any]:
    """Means with intervals of every entry, and ours minus others, for each group.

    The first entry is ours. Participants are drawn, not decisions. All entries share one set of
    resamples, so that their intervals are comparable.
    """
    values = np.stack([case_values(entry.lists, task, metrics) for entry in entries], axis=1)
    shape = (len(entries), len(metrics))
    models = [
        {"name": e.name, "family": e.family, "variant": e.variant, **e.facts, "metrics": {}}
        for e in entries
    ]
    comparisons = []
    for group, chosen in groups_of(task, new).items():
        inside, people = values[chosen].reshape(chosen.sum(), -1), task.participant[chosen]
        found = bootstrap_interval(inside, clusters=people, seed=SEED)
        for place, model in enumerate(models):
            model["metrics"][group] = {
                metric: _rounded(
                    mean=found.mean.reshape(shape)[place, m],
                    low=found.low.reshape(shape)[place, m],
                    high=found.high.reshape(shape)[place, m],
                )
                for m, metric in enumerate(metrics)
            }
        comparisons += _comparisons(entries, values[chosen], people, metrics, group)
    adjusted = holm(np.array([one["p"] for one in comparisons]))
    for one, p_holm in zip(comparisons, adjusted, strict=True):
        one["p_holm"] = float(p_holm)
    return {"models": models, "comparisons": comparisons}


def _comparisons(
    entries: Sequence[Entry],
    values: Floats,
    people: NDArray[np.int64],
    metrics: Sequence[str],
    group: str,
) -> list[dict[str, Any]]:
    """Ours minus the best of each kind, which is chosen by the test figure itself: whoever is best
    in hindsight is the hardest opponent there is.
    """
    rows = []
    for kind, places in _opponents(entries, values).items():
        best = [places[int(np.argmax(values[:, places, m].mean(0)))] for m in range(len(metrics))]
        theirs = np.stack([values[:, place, m] for m, place in enumerate(best)], axis=1)
        found = paired_difference(values[:, 0], theirs, clusters=people, seed=SEED)
        detectable = found.detectable()
        p_bootstrap = _p_of_bootstrap(values[:, 0] - theirs, people)
        rows += [
            {
                "group": group,
                "metric": metric,
                "against": kind,
                "opponent": f"{entries[best[m]].name}, {entries[best[m]].variant}",
                **_rounded(
                    mean=found.mean[m],
                    low=found.low[m],
                    high=found.high[m],
                    detectable=detectable[m],
                ),
                "p_bootstrap": float(p_bootstrap[m]),
                "p": float(found.p_value[m]),
                "units": found.n_units,
            }
            for m, metric in enumerate(metrics)
        ]
    return rows


def _p_of_bootstrap(differences: Floats, people: NDArray[np.int64]) -> Floats:
    """(m,) two-sided, null: the mean of a column is 0; the resamples are shifted to obey it
    (Efron and Tibshirani 1993, chapter 16.4).
    """
    drawn = bootstrap_means(differences, clusters=people, seed=SEED, resamples=RESAMPLES)
    mean = differences.mean(axis=0)
    beyond = (np.abs(drawn - mean) >= np.abs(mean)).sum(axis=0)
    return np.asarray((1 + beyond) / (1 + RESAMPLES))


def _opponents(entries: Sequence[Entry], values: Floats) -> dict[str, list[int]]:
    """Places of each kind; who only answers as popularity does is none but popularity."""
    plain = [i for i, entry in enumerate(entries) if entry.family == "popularity"]
    others = [
        i
        for i in range(1, len(entries))
        if i not in plain and not any(np.array_equal(values[:, i], values[:, p]) for p in plain)
    ]
    kinds = {
        "best tuned implicit": [
            i for i in others if (entries[i].family, entries[i].variant) == ("implicit", "tuned")
        ],
        "best peer": others,
        "popularity": plain,
    }
    return {kind: places for kind, places in kinds.items() if places}


def _rounded(**values: float) -> dict[str, float]:
    return {name: round(float(value), 5) for name, value in values.items()}
