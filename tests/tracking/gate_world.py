"""Data with a planted answer, and challengers that are better, worse and unfair on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from saldopas.features.tables.dataset import Dataset, read_dataset
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig
from saldopas.training_pipeline.gate.latency import Latency
from saldopas.training_pipeline.gate.verdict import GateConfig
from saldopas.training_pipeline.training.config import TrainingConfig
from saldopas.training_pipeline.training.record import TrainingRecord
from saldopas.training_pipeline.training.train import train

COURSES, FAVOURITES = 40, 5
MANY, FEW = 1_200, 600  # participants of the groups `many` and `few`
DAYS = 120
DATASET = """
name = "planted"
[profile]
group = { kind = "categorical" }
"""
PLAIN, FAIR, UNFAIR = "popularity", "profile-popularity", "als"
BEST = "sequence-ridge"
ALIKE = "as fair as the fair one"
SAME_SPEED = Latency(challenger_ms=0.02, champion_ms=0.02, requests=100)
TOO_SLOW = Latency(challenger_ms=0.51, champion_ms=0.02, requests=100)
STRICT = GateConfig(
    segments=("history", "group"), evaluation=EvaluationConfig(min_people=20), requests=100
)


@dataclass(frozen=True)
class GateWorld:
    """The dataset, and a training of each kind by its model's name."""

    dataset: Dataset
    records: dict[str, TrainingRecord]


def write_planted(directory: Path) -> Dataset:
    """`many` buy three courses in a fixed order, `few` one of five favourites of their own."""
    rng = np.random.default_rng(7)
    rows = []
    for person in range(MANY + FEW):
        start = rng.uniform(0, DAYS)
        if person < MANY:
            first = 2 * int(rng.integers(COURSES // 2))
            bought = [(first + 2 * step) % COURSES for step in range(3)]
        else:
            bought = [2 * int(rng.integers(FAVOURITES)) + 1]
        rows += [
            (f"p{person:04d}", f"c{course:02d}", start + 3 * k) for k, course in enumerate(bought)
        ]
    purchases = pd.DataFrame(rows, columns=["participant_id", "course_id", "day"])
    began = pd.Timestamp("2021-01-01", tz="UTC")
    purchases["purchased_at"] = began + pd.to_timedelta(purchases.pop("day"), unit="D").dt.round(
        "s"
    )
    ids = [f"p{person:04d}" for person in range(MANY + FEW)]
    groups = ["many"] * MANY + ["few"] * FEW
    prices = 50_000 + 5_000 * (np.arange(COURSES) * 3 % COURSES)
    directory.mkdir(parents=True)
    (directory / "dataset.toml").write_text(DATASET)
    purchases.to_parquet(directory / "purchases.parquet")
    pd.DataFrame(
        {"participant_id": ids, "group": groups, "balance": 1_000_000, "announced_at": began}
    ).to_parquet(directory / "participants.parquet")
    pd.DataFrame(
        {"course_id": [f"c{course:02d}" for course in range(COURSES)], "price": prices}
    ).to_parquet(directory / "courses.parquet")
    return read_dataset(directory)


def make_gate_world(directory: Path) -> GateWorld:
    """Five trainings without search; the unfair one is given no profile."""
    dataset = write_planted(directory / "data")
    nameless = replace(dataset, config=dataset.config.model_copy(update={"profile": {}}))
    records = {
        name: train(
            nameless if name == UNFAIR else dataset,
            TrainingConfig(model=name, search=False, balance_fit=False),
            artifact=directory / name,
        )
        for name in (PLAIN, FAIR, UNFAIR, BEST)
    }
    other = {FAIR: {"half_life_days": 25.0}}
    records[ALIKE] = train(
        dataset, TrainingConfig(model=FAIR, models=other, blend=False), artifact=directory / "alike"
    )
    return GateWorld(dataset, records)
