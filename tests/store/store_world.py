"""A small trained world whose snapshot ends with the data, so that store and snapshot agree."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from saldopas.features.encoding.indexed import IndexedDataset, index_dataset
from saldopas.features.encoding.snapshot import Snapshot
from saldopas.features.tables.dataset import Dataset, read_dataset
from saldopas.models.artifact.artifact import Artifact, load_artifact, write_artifact
from saldopas.models.artifact.manifest import Manifest, installed_versions
from saldopas.models.explaining.evidence import Evidence
from saldopas.models.policy.recipe import Recipe, StageRecipe
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from saldopas.training_pipeline.ingest.sample.generate import SampleTables, generate, write_sample

SEED = 7
SAMPLE = SampleConfig(participants=400, courses=80)
RECIPE = Recipe(
    stages=(
        StageRecipe(source="history", model="sequence-ridge"),
        StageRecipe(source="profile", model="profile-popularity"),
        StageRecipe(source="popular", model="popularity"),
    )
)
AT = "2021-11-20T09:00:00+07:00"


@dataclass(frozen=True)
class StoreWorld:
    """Data on disk, the artifact trained on it, and people of several kinds.

    Attributes:
        buyer: bought something and has something left; newcomer: bought nothing yet.
        hidden: opted out, bought something; canceller: cancelled all that was bought.
    """

    directory: Path
    path: Path
    dataset: Dataset
    data: IndexedDataset
    artifact: Artifact
    buyer: str
    newcomer: str
    hidden: str
    canceller: str

    @property
    def ids(self) -> list[str]:
        return [str(name) for name in self.data.people["participant_id"]]

    def affordable(self, balance: int, *, not_of: str | None = None) -> str:
        """A course that costs at most `balance` and that the participant did not buy."""
        bought = self.dataset.purchases
        owned = set(bought[bought["participant_id"] == not_of]["course_id"])
        courses = self.dataset.courses
        ids = courses[courses["price"] <= balance]["course_id"]
        return next(str(name) for name in ids if name not in owned)

    def price(self, course_id: str) -> int:
        courses = self.dataset.courses
        return int(courses.loc[courses["course_id"] == course_id, "price"].iloc[0])


def make_store_world(directory: Path, *, scheme: str = "2021") -> StoreWorld:
    tables, chosen = _with_special_people(generate(SAMPLE, seed=SEED))
    write_sample(tables, SAMPLE, directory / "data", seed=SEED)
    toml = directory / "data" / "dataset.toml"
    toml.write_text(toml.read_text().replace('scheme = "2021"', f'scheme = "{scheme}"'))
    dataset = read_dataset(directory / "data")
    data = index_dataset(dataset)
    cutoff_s = int(data.events.at_s.max()) + 1
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
    path = write_artifact(directory / "artifact", manifest, policy, snapshot, Evidence.count(train))
    return StoreWorld(directory, path, dataset, data, load_artifact(path), **chosen)


def _with_special_people(tables: SampleTables) -> tuple[SampleTables, dict[str, str]]:
    """Announced so late that the deadlines of 2021 still let everybody buy at `AT`."""
    people, purchases = tables.participants.copy(), tables.purchases.copy()
    people["announced_at"] = pd.Timestamp("2021-11-15T09:00:00+07:00")
    spent = purchases.groupby("participant_id")["price_paid"].sum()
    buyers = sorted(spent.index[spent <= 400_000])
    idle = sorted(set(people["participant_id"]) - set(purchases["participant_id"]))
    chosen = {"buyer": buyers[0], "newcomer": idle[0], "hidden": buyers[1], "canceller": buyers[2]}
    people["opted_out"] = people["participant_id"] == chosen["hidden"]
    cancelled = purchases["participant_id"] == chosen["canceller"]
    purchases["status"] = np.where(cancelled, "cancelled", purchases["status"])
    return SampleTables(people, tables.courses, purchases), chosen
