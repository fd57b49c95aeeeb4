"""A small trained world for the service: people, rules and two artifacts on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from saldopas.features.encoding.indexed import IndexedDataset, index_dataset
from saldopas.features.encoding.snapshot import Snapshot
from saldopas.features.tables.dataset import read_dataset
from saldopas.models.artifact.artifact import Artifact, load_artifact, write_artifact
from saldopas.models.artifact.manifest import Manifest, installed_versions
from saldopas.models.explaining.evidence import Evidence
from saldopas.models.policy.recipe import Recipe, StageRecipe
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from saldopas.training_pipeline.ingest.sample.generate import SampleTables, generate, write_sample

SEED = 7
SAMPLE = SampleConfig(participants=1_500, courses=150)
RECIPE = Recipe(
    stages=(
        StageRecipe(source="history", model="sequence-ridge"),
        StageRecipe(source="profile", model="profile-popularity"),
        StageRecipe(source="popular", model="popularity"),
    )
)
STRANGER = "nobody-we-know"


@dataclass(frozen=True)
class People:
    """Ids of participants of each kind."""

    buyer: str  # bought something, nothing cancelled
    newcomer: str  # known, bought nothing
    hidden: str  # opted out, bought something
    canceller: str  # cancelled all that was bought


@dataclass(frozen=True)
class ServingWorld:
    """What the service loads, and what tests compare it with."""

    path: Path
    data: IndexedDataset
    artifact: Artifact
    people: People


def make_serving_world(directory: Path) -> ServingWorld:
    """The sample with some people opted out and some purchases cancelled; fitted and written."""
    tables, people = _with_special_people(generate(SAMPLE, seed=SEED))
    write_sample(tables, SAMPLE, directory / "data", seed=SEED)
    dataset = read_dataset(directory / "data")
    data = index_dataset(dataset)
    cutoff_s = int(pd.Timestamp("2021-11-01T00:00:00+07:00").timestamp())
    train = data.training_set(data.seen_before(cutoff_s), as_of_s=cutoff_s)
    policy = RECIPE.fit(train, seed=SEED)
    manifest = Manifest(
        model="sequence-ridge",
        dataset=dataset.config,
        fingerprint=dataset.fingerprint,
        cutoff_s=cutoff_s,
        seed=SEED,
        recipe=Recipe.of(policy),
        vocabulary=train.vocabulary,
        code_version="0.1.0+test",
        versions=installed_versions(),
    )
    snapshot = Snapshot.take(data, train.vocabulary, as_of_s=cutoff_s)
    evidence = Evidence.count(train)
    path = write_artifact(directory / "artifact", manifest, policy, snapshot, evidence)
    return ServingWorld(path, data, load_artifact(path), people)


def _with_special_people(tables: SampleTables) -> tuple[SampleTables, People]:
    people, purchases = tables.participants.copy(), tables.purchases.copy()
    early = purchases[purchases["purchased_at"] < pd.Timestamp("2021-10-01T00:00:00+07:00")]
    spent = early.groupby("participant_id")["price_paid"].sum()
    buyers = sorted(spent.index[spent <= 400_000])  # something is left
    idle = sorted(set(people["participant_id"]) - set(purchases["participant_id"]))
    found = People(buyer=buyers[0], newcomer=idle[0], hidden=buyers[1], canceller=buyers[2])
    people["opted_out"] = people["participant_id"].isin([found.hidden, *buyers[3:20]])
    cancelled = purchases["participant_id"].isin([found.canceller, *buyers[20:40]])
    purchases["status"] = np.where(cancelled, "cancelled", purchases["status"])
    return SampleTables(people, tables.courses, purchases), found
