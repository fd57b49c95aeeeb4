"""The rows of one data set: ours as it chose itself, every peer with its defaults and tuned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import IndexedDataset
from saldopas.features.splits.split import Cut
from saldopas.training_pipeline.console import say
from saldopas.training_pipeline.evaluating.evaluation import CHOSEN, POPULAR
from saldopas.training_pipeline.training.record import TrainingRecord

from benchmarks.quality.export import task_of
from benchmarks.quality.lists import DEPTH
from benchmarks.quality.peers import Config, Peer
from benchmarks.quality.pool import PeerFailedError, Workers
from benchmarks.quality.results import Entry, case_values, padded
from benchmarks.quality.task import Task
from benchmarks.quality.tune import best_of, coordinate_search

GOAL = "ndcg@10"  # what ours is chosen by as well
PLAIN_POPULARITY = "popularity"


@dataclass(frozen=True)
class Budget:
    """What a peer may spend on tuning: so many configurations, none begun after so much time.

    Processor seconds, so that it does not matter what else the machine does meanwhile.
    """

    tries: int
    processor_s: float


@dataclass(frozen=True)
class Tasks:
    """The neutral files of a data set and what they hold.

    Attributes:
        windows: the validation cuts that ours is chosen on; test: read once.
        new: (B,) test decisions of people without an earlier purchase.
    """

    windows: tuple[tuple[Path, Task], ...]
    test: tuple[Path, Task]
    new: NDArray[np.bool_]


def export(data: IndexedDataset, windows: tuple[Cut, ...], test: Cut, directory: Path) -> Tasks:
    """Write every cut to `directory`."""
    written = []
    for name, cut in [*((f"validation-{i}", cut) for i, cut in enumerate(windows)), ("test", test)]:
        task = task_of(data, cut)
        task.write(directory / f"{name}.npz")
        written.append((directory / f"{name}.npz", task))
    return Tasks(tuple(written[:-1]), written[-1], test.cases.is_new)


def rows_of_ours(record: TrainingRecord, cut: Cut, *, processor_s: float) -> list[Entry]:
    """The policy that `train` chose by itself in `processor_s`, and the popularity that it chose.

    Where its scores depend on the balance, which no peer looks at, also without that.
    """
    chosen, popular = record.test[CHOSEN], record.test[POPULAR]
    if not np.array_equal(chosen.cases["seen"], cut.cases.seen):
        raise ValueError("the decisions of the training are not those that peers answer")
    stages = record.manifest.recipe.stages
    ours = {
        "config": ", ".join(f"{stage.source} {stage.model}" for stage in stages),
        "tries": len(record.trials),
        "tuning_s": round(processor_s),
        "fit_s": record.seconds.get("fit", 0.0),
    }
    differs = stages[-1].typed_config.model_dump(mode="json", exclude_defaults=True)
    base = {"config": differs, "tries": 0, "tuning_s": 0, "fit_s": 0.0}
    entries = [Entry("ours", "ours", "chosen", padded(chosen.lists, DEPTH), ours)]
    if record.manifest.recipe.balance_fit is not None:
        recipe = record.manifest.recipe.with_balance_fit(None)
        policy = recipe.fit(cut.train, seed=record.manifest.seed)
        lists = policy.recommend(cut.requests(record.data, count=DEPTH))
        name = "ours, balance only as a limit"
        entries.append(Entry(name, "ours", "chosen", padded(lists, DEPTH), ours))
    return [
        *entries,
        Entry("popularity of ours", "popularity", "tuned", padded(popular.lists, DEPTH), base),
    ]


def rows_of_peer(
    peer: Peer, tasks: Tasks, workers: Workers, *, budget: Budget
) -> tuple[list[Entry], list[dict[str, str]]]:
    """Its lists on test with the library's defaults, and with the best on validation.

    Returns:
        The rows, and what failed with its reason.
    """
    say(f"  {peer.name}")
    errors: list[dict[str, str]] = []
    busy = 0.0

    def attempt(config: Config) -> float | None:
        nonlocal busy
        scores = []
        with _noted(peer, config, errors):
            for path, task in tasks.windows:
                lists, seconds = workers.lists(peer, config, path)
                busy += seconds["processor_s"]
                scores.append(_score(lists, task))
            return float(np.mean(scores))
        return None

    tried = coordinate_search(
        peer.lines,
        attempt,
        tries=budget.tries,
        spent=lambda: busy > budget.processor_s,
    )
    best = best_of(tried)
    wanted = [("default", tried[0], 1)]
    if peer.lines:
        wanted.append(("tuned", best, len(tried)))
    family = "popularity" if peer.name == PLAIN_POPULARITY else peer.family
    entries = []
    for variant, one, spent in wanted:
        if one.score is None:
            continue
        with _noted(peer, one.config, errors):
            lists, seconds = workers.lists(peer, one.config, tasks.test[0])
            facts = {"config": one.config, "validation": one.score, "tries": spent, **seconds}
            facts["tuning_s"] = round(busy) if variant == "tuned" else 0
            entries.append(Entry(peer.name, family, variant, lists, facts))
    return entries, errors


def _score(lists: NDArray[np.int32], task: Task) -> float:
    """The mean of the goal over validation decisions of people with a history."""
    values = case_values(lists, task, (GOAL,))[:, 0]
    chosen = task.has_history if task.has_history.any() else np.ones(len(values), np.bool_)
    return float(values[chosen].mean())


@contextmanager
def _noted(peer: Peer, config: Config, errors: list[dict[str, str]]) -> Iterator[None]:
    try:
        yield
    except PeerFailedError as error:
        say(f"  {peer.name} {config}: {error}")
        errors.append({"name": f"{peer.name} {config}", "error": str(error)})
