"""How often are two halves of the same data called drifted? (They must not be.)

    python -m benchmarks.drift DATA [--splits 50] [--participants 3000]

Participants are dealt at random to OLD and NEW; every finding that is not `ok` is a
false alarm. A plain PSI or KS, without chance taken into account, is counted beside.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import replace

import numpy as np
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import Dataset, read_dataset
from saldopas.training_pipeline.console import print_table
from saldopas.training_pipeline.drift.config import DriftConfig
from saldopas.training_pipeline.drift.finding import DriftFinding
from saldopas.training_pipeline.drift.report import compare


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--splits", type=int, default=50)
    parser.add_argument("--participants", type=int, help="keep so many, drawn anew each split")
    asked = parser.parse_args()
    dataset = read_dataset(asked.data)
    alarms: Counter[tuple[str, str]] = Counter()
    plain: Counter[tuple[str, str]] = Counter()
    largest: dict[tuple[str, str], float] = {}
    any_alarm = 0
    for split in range(asked.splits):
        old, new = halves(dataset, most=asked.participants, seed=split)
        report = compare(old, new, DriftConfig())
        any_alarm += report.verdict != "ok"
        for found in report.findings:
            key = (found.item, found.measure)
            alarms[key] += found.verdict != "ok"
            plain[key] += without_chance(found) >= found.limits.watch
            largest[key] = max(largest.get(key, 0.0), found.value)
    rows = [(*key, largest[key], alarms[key], plain[key]) for key in largest]
    columns = ("item", "measure", "largest value", "false alarms", "without chance")
    title = f"{dataset.config.name}: {asked.splits} splits, {any_alarm} with any false alarm"
    print_table(title, columns, rows)


def halves(dataset: Dataset, *, most: int | None, seed: int) -> tuple[Dataset, Dataset]:
    """The dataset's participants dealt to two, each with all of their purchases."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(dataset.participants))[:most]
    cut = len(order) // 2
    return part(dataset, order[:cut]), part(dataset, order[cut:])


def part(dataset: Dataset, rows: np.ndarray) -> Dataset:
    people = dataset.participants.iloc[np.sort(rows)].reset_index(drop=True)
    mine = dataset.purchases[c.PARTICIPANT_ID].isin(people[c.PARTICIPANT_ID])
    purchases = dataset.purchases[mine].reset_index(drop=True)
    return replace(dataset, participants=people, purchases=purchases, fingerprint=str(rows[:1]))


def without_chance(found: DriftFinding) -> float:
    """The measure as it is usually taken: chance neither taken off nor asked about."""
    is_gap = found.measure in ("KS", "relative change")
    return found.value + (0.0 if found.noise is None or is_gap else found.noise)


if __name__ == "__main__":
    main()
