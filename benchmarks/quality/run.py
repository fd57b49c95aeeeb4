"""One run: export, train ours, let every peer tune and answer, score, report."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from saldopas.features.encoding.indexed import index_dataset
from saldopas.features.splits.split import earlier_windows, make_cuts
from saldopas.training_pipeline.console import say
from saldopas.training_pipeline.training.record import TrainingRecord
from saldopas.training_pipeline.training.train import train

from benchmarks.quality.datasets import SOURCES, load, training_config
from benchmarks.quality.peers import OWN_ENVIRONMENT, PEERS
from benchmarks.quality.peers.plain import MOST_ITEMS
from benchmarks.quality.pool import Workers
from benchmarks.quality.report import section
from benchmarks.quality.results import groups_of, summarise
from benchmarks.quality.rows import PLAIN_POPULARITY, Budget, export, rows_of_ours, rows_of_peer
from benchmarks.quality.task import Task


@dataclass(frozen=True)
class Options:
    """Of the command line; see its help."""

    data: tuple[str, ...]
    families: tuple[str, ...]
    mooccubex: Path
    peers_python: Path
    tries: int | None
    minutes: float | None
    small: bool
    config: Path | None
    out: Path
    results: Path | None

    @property
    def apart(self) -> tuple[str, ...]:
        """The families, where they have a section of their own: a run without implicit."""
        return () if "implicit" in self.families else self.families


def run(options: Options) -> None:
    """Compare on each data set; write `out/NAME.json`, `out/NAME.md` and `results/NAME.md`."""
    own = [family for family in options.families if family in OWN_ENVIRONMENT]
    # its python is a link into the system's: resolved, it would leave the environment
    theirs = str(options.peers_python.absolute()) if options.peers_python.exists() else None
    if own and theirs is None:
        say(f"{', '.join(own)} left out: there is no {options.peers_python}")
    with (
        TemporaryDirectory() as scratch,
        Workers(sys.executable, theirs, Path(scratch)) as workers,
    ):
        for name in options.data:
            result = _result(name, options, workers)
            text = section(result)
            stem = "-".join([name, *options.apart, *(["small"] if options.small else [])])
            options.out.mkdir(parents=True, exist_ok=True)
            (options.out / f"{stem}.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
            (options.out / f"{stem}.md").write_text(text, "utf-8")
            sys.stdout.write(text + "\n")
            if options.results is not None:
                (options.results / f"{stem}.md").write_text(text, "utf-8")


def _result(name: str, options: Options, workers: Workers) -> dict[str, Any]:
    started = time.perf_counter()
    source = SOURCES[name]
    dataset = load(name, options.out, mooccubex=options.mooccubex, small=options.small)
    config = training_config(name, options.config, small=options.small)
    data = index_dataset(dataset)
    cuts = make_cuts(data, config.split, seed=config.seed)
    if cuts is None:
        raise ValueError(f"{name}: too little was bought to hold anything out")
    windows = (cuts[0], *earlier_windows(data, config.split, cuts, seed=config.seed))
    tasks = export(data, windows, cuts[1], options.out / "tasks" / name)
    test = tasks.test[1]
    say(f"{name}: ours")
    busy = time.process_time()
    with TemporaryDirectory() as scratch:
        record = train(dataset, config, artifact=Path(scratch) / "artifact")
    busy = time.process_time() - busy
    budget = Budget(
        tries=len(record.trials) if options.tries is None else options.tries,
        processor_s=busy if options.minutes is None else 60 * options.minutes,
    )
    entries = rows_of_ours(record, cuts[1], processor_s=busy)
    failed: list[dict[str, str]] = []
    for peer in PEERS:
        missing = peer.family in OWN_ENVIRONMENT and workers.theirs is None
        if peer.name == PLAIN_POPULARITY or (peer.family in options.families and not missing):
            found, errors = rows_of_peer(peer, tasks, workers, budget=budget)
            entries += found
            failed += errors
    summary = summarise(entries, test, source.metrics, tasks.new)
    groups = groups_of(test, tasks.new)
    return {
        "name": name,
        "title": source.title + (f" ({', '.join(options.apart)})" if options.apart else ""),
        "note": source.note,
        "command": f"python -m benchmarks.quality --data {name} "
        f"--peers {','.join(options.families) or 'none'}",
        "measured": f"{date.today()}, {os.cpu_count()} cores of {platform.machine()}",
        "metrics": list(source.metrics),
        "method": cuts[1].method,
        "protocol": cuts[1].protocol,
        "items": data.courses.n_items,
        "training_purchases": len(test.train_item),
        "validation_decisions": sum(task.n_cases for _, task in tasks.windows),
        "decisions": {group: int(inside.sum()) for group, inside in groups.items()},
        "support": _support(test),
        "tries": budget.tries,
        "processor_s_a_peer": round(budget.processor_s),
        "ours": _ours_facts(record) | {"processor_s": round(busy)},
        "failed": failed,
        **summary,
        "minutes": round((time.perf_counter() - started) / 60, 1),
    }


def _ours_facts(record: TrainingRecord) -> dict[str, Any]:
    recipe = record.manifest.recipe
    return {
        "tries": len(record.trials),
        "chosen": " and ".join(dict.fromkeys(stage.model for stage in recipe.stages)),
        "recipe": recipe.model_dump(mode="json"),
    }


def _support(test: Task) -> str:
    """What must be said where the peers' EASE cannot hold the whole catalogue."""
    sold = int((test.counts > 0).sum())
    if sold <= MOST_ITEMS:
        return ""
    return (
        f"EASE of the peers inverts a dense matrix: it ranks the {MOST_ITEMS:,} most bought of "
        f"{sold:,} items and leaves the rest to popularity."
    )
