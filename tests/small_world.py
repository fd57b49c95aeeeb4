"""A whole training in a second: a small generated sample, written, read back and trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from saldopas.features.encoding.indexed import IndexedDataset, index_dataset
from saldopas.features.splits.split import Cut, make_cuts
from saldopas.features.splits.split_config import SplitConfig
from saldopas.features.tables.dataset import Dataset, read_dataset
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from saldopas.training_pipeline.ingest.sample.generate import SampleTables, generate, write_sample
from saldopas.training_pipeline.training.config import TrainingConfig
from saldopas.training_pipeline.training.record import TrainingRecord
from saldopas.training_pipeline.training.train import train

SEED = 7
SAMPLE = SampleConfig(participants=2_000, courses=120)
ONE_MODEL = TrainingConfig(model="sequence-ridge", search=False, seed=SEED)


@dataclass(frozen=True)
class SmallWorld:
    """The dataset on disk and in memory, and its two cuts."""

    directory: Path
    dataset: Dataset
    data: IndexedDataset
    cuts: tuple[Cut, Cut]


@cache
def small_tables() -> SampleTables:
    """2,000 participants and 120 courses, generated once a process."""
    return generate(SAMPLE, seed=SEED)


def make_small_world(directory: Path) -> SmallWorld:
    """Write the sample to `directory` (absent or empty) and read it back as `train` would."""
    write_sample(small_tables(), SAMPLE, directory, seed=SEED)
    dataset = read_dataset(directory)
    data = index_dataset(dataset)
    cuts = make_cuts(data, SplitConfig(), seed=SEED)
    if cuts is None:
        raise RuntimeError("the small sample is too small for a validation and a test cut")
    return SmallWorld(directory, dataset, data, cuts)


def train_small_world(
    world: SmallWorld, artifact: Path, *, config: TrainingConfig = ONE_MODEL
) -> TrainingRecord:
    """A real training without search, its artifact written to `artifact` (absent)."""
    return train(world.dataset, config, artifact=artifact)


def no_better_than_popularity(record: TrainingRecord) -> TrainingRecord:
    """The same training as if the chosen policy had answered exactly as popularity does."""
    popular = record.validation["popularity"]
    return replace(record, validation={"chosen": popular, "popularity": popular})
