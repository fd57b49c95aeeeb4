"""A whole training in seconds: a small generated sample, fitted, evaluated and written to disk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from features.dataset import Dataset, read_dataset
from features.indexed import IndexedDataset, index_dataset
from features.snapshot import Snapshot
from features.split import Cut, SplitConfig, end_of, make_cuts
from models.artifact import write_artifact
from models.manifest import Manifest, installed_versions
from models.policy import Policy
from models.recipe import Recipe, StageRecipe
from training_pipeline.evaluation import MAIN_METRIC, Evaluation, evaluate_policy
from training_pipeline.record import TrainingRecord, Trial
from training_pipeline.sample.config import SampleConfig
from training_pipeline.sample.generate import SampleTables, generate
from training_pipeline.sample.write import write_sample

SEED = 7
SAMPLE = SampleConfig(participants=2_000, courses=120)
POPULARITY = Recipe(stages=(StageRecipe(source="popular", model="popularity"),))
CHOSEN = Recipe(
    stages=(
        StageRecipe(source="history", model="sequence-ridge"),
        StageRecipe(source="profile", model="profile-popularity"),
        StageRecipe(source="popular", model="popularity"),
    )
)


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
    world: SmallWorld, artifact: Path, *, recipe: Recipe = CHOSEN
) -> TrainingRecord:
    """What `train` hands to tracking, with the artifact written to `artifact` (absent)."""
    validation, test = (_evaluated(world.data, cut, recipe) for cut in world.cuts)
    manifest, policy = _fitted(world, recipe)
    manifest = manifest.model_copy(update={"metrics": _flat(validation["chosen"])})
    snapshot = Snapshot.take(world.data, manifest.vocabulary, as_of_s=manifest.cutoff_s)
    write_artifact(artifact, manifest, policy, snapshot)
    return TrainingRecord(
        name=world.dataset.config.name,
        artifact=artifact,
        manifest=manifest,
        data=world.data,
        trials=_trials(recipe, validation["chosen"].mean(MAIN_METRIC) or 0.0),
        validation=validation,
        test=test,
        seconds={"read": 0.1, "tune": 1.2, "fit": 0.8, "evaluate": 0.5, "write": 0.2},
    )


def no_better_than_popularity(record: TrainingRecord) -> TrainingRecord:
    """The same training as if the chosen policy had answered exactly as popularity does."""
    popular = record.validation["popularity"]
    return replace(record, validation={"chosen": popular, "popularity": popular})


def _evaluated(data: IndexedDataset, cut: Cut, recipe: Recipe) -> dict[str, Evaluation]:
    recipes = {"chosen": recipe, "popularity": POPULARITY}
    return {
        name: evaluate_policy(one.fit(cut.train, seed=SEED), data, cut)
        for name, one in recipes.items()
    }


def _fitted(world: SmallWorld, recipe: Recipe) -> tuple[Manifest, Policy]:
    cutoff_s = end_of(world.data)
    train = world.data.training_set(world.data.seen_before(cutoff_s), as_of_s=cutoff_s)
    policy = recipe.fit(train, seed=SEED)
    manifest = Manifest(
        model=policy.stages[0].model.name,
        dataset=world.dataset.config,
        fingerprint=world.dataset.fingerprint,
        cutoff_s=cutoff_s,
        seed=SEED,
        recipe=Recipe.of(policy),
        vocabulary=train.vocabulary,
        code_version="0.1.0",
        versions=installed_versions(),
        split={"method": world.cuts[0].method, "protocol": world.cuts[0].protocol, "share": 0.1},
    )
    return manifest, policy


def _flat(evaluation: Evaluation) -> dict[str, float]:
    return {f"validation/{name}": value for name, value in evaluation.metrics().items()}


def _trials(recipe: Recipe, score: float) -> tuple[Trial, ...]:
    """The chosen stages, and two that were tried and lost."""
    chosen = tuple(
        Trial(stage.source, stage.model, dict(stage.config), score, 0.4, True)
        for stage in recipe.stages
    )
    lost = (
        Trial("history", "ease", {"l2": 300.0}, score * 0.9, 0.3, False),
        Trial("history", "item-neighbours", {}, score * 0.8, 0.2, False),
    )
    return chosen + lost
