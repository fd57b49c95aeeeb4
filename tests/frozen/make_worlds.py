"""The small worlds of the corpus: tables with every kind of person and course, and artifacts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from saldopas.features.encoding.indexed import index_dataset
from saldopas.features.encoding.snapshot import Snapshot
from saldopas.features.splits.split import end_of, make_cuts
from saldopas.features.splits.split_config import SplitConfig
from saldopas.features.tables.dataset import read_dataset
from saldopas.models.artifact.artifact import write_artifact
from saldopas.models.artifact.manifest import Manifest
from saldopas.models.explaining.evidence import Evidence
from saldopas.models.policy.balance_fit import N_BANDS, BalanceFit
from saldopas.models.policy.exploration import ExplorationConfig
from saldopas.models.policy.recipe import Recipe, StageRecipe
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from saldopas.training_pipeline.ingest.sample.generate import SampleTables, generate, write_sample
from saldopas.training_pipeline.training.calibration.learn import calibrate
from saldopas.training_pipeline.training.config import TrainingConfig
from saldopas.training_pipeline.training.train import train

SEED = 11
COURSES = 120
SPLIT = SplitConfig(share=0.2, min_cases=10)
TRAINED = TrainingConfig(
    search=False,
    blend=True,
    balance_fit=True,
    compared=("item-neighbours", "ease", "sequence-ridge"),
    exploration=ExplorationConfig(share=0.05, max_purchases=5),
    split=SPLIT,
    seed=SEED,
)
LINEAR = ("popularity", "profile-popularity", "item-neighbours", "ease", "sequence-ridge")
SMALL = {
    "als": {"factors": 8, "iterations": 5},
    "bpr": {"factors": 8, "iterations": 10},
    "lmf": {"factors": 8, "iterations": 5},
}


@dataclass(frozen=True)
class Spec:
    """How a world is made; `recipe` None: by a whole training."""

    scheme: str
    recipe: Recipe | None
    calibrated: bool = True
    profiles: bool = True
    people: int = 300


def stages(*named: tuple[str, str, dict[str, object]]) -> tuple[StageRecipe, ...]:
    return tuple(StageRecipe(source=s, model=m, config=config) for s, m, config in named)


def blend(names: tuple[str, ...], weights: list[list[float]]) -> dict[str, object]:
    members = [{"model": name, "config": SMALL.get(name, {})} for name in names]
    return {"members": members, "weights": weights}


def lifts(scale: float) -> BalanceFit:
    bands = np.arange(N_BANDS)
    return BalanceFit(lift=tuple(np.round(1 + scale * np.sin(bands), 3).tolist()))


LINEAR_BLEND = blend(
    LINEAR,
    [
        [0.3, 1.0, 0.0, 0.0, 0.5],
        [0.1, 0.3, 1.0, 0.3, 0.0],
        [0.1, 0.0, 0.5, 1.0, 0.3],
        [0.0, 0.1, 0.3, 0.6, 1.0],
    ],
)
FACTOR_BLEND = blend(
    ("als", "bpr", "lmf", "popularity", "sequence-ridge"),
    [[0.3, 0.0, 0.0, 1.0, 0.0], [1.0, 0.3, 0.3, 0.1, 0.0], [0.3, 0.3, 1.0, 0.0, 1.0]],
)
SPECS = {
    "sequence2021": Spec(
        "2021",
        Recipe(
            stages=stages(
                ("history", "sequence-ridge", {}),
                ("profile", "profile-popularity", {}),
                ("popular", "popularity", {}),
            )
        ),
        calibrated=False,
    ),
    "blend2021": Spec(
        "2021",
        Recipe(
            stages=stages(
                ("history", "blend", LINEAR_BLEND),
                ("profile", "blend", LINEAR_BLEND),
                ("popular", "popularity", {"season_power": 0.5}),
            ),
            balance_fit=lifts(0.6),
        ),
    ),
    "explored2023": Spec(
        "2023",
        Recipe(
            stages=stages(
                ("history", "ease", {}),
                ("profile", "profile-popularity", {"token_strength": 50.0}),
                ("popular", "popularity", {}),
            ),
            exploration=ExplorationConfig(share=0.3, max_purchases=3),
        ),
    ),
    "factors2023": Spec(
        "2023",
        Recipe(
            stages=stages(
                ("history", "blend", FACTOR_BLEND),
                ("profile", "blend", FACTOR_BLEND),
                ("popular", "popularity", {}),
            ),
            exploration=ExplorationConfig(share=0.1, max_purchases=5),
            balance_fit=lifts(0.3),
        ),
    ),
    "als2021": Spec(
        "2021",
        Recipe(
            stages=stages(
                ("history", "als", SMALL["als"]),
                ("profile", "als", SMALL["als"]),
                ("popular", "popularity", {}),
            ),
            balance_fit=lifts(0.3),
        ),
    ),
    "bare": Spec(
        "none",
        Recipe(stages=stages(("history", "item-neighbours", {}), ("popular", "popularity", {}))),
        calibrated=False,
        profiles=False,
    ),
    "trained2021": Spec("2021", None, people=1_200),
}


def make_world(name: str, directory: Path) -> Path:
    """Write `data` and `artifact` below `directory`."""
    spec = SPECS[name]
    place = list(SPECS).index(name)
    data_path = directory / "data"
    sample = SampleConfig(participants=spec.people, courses=COURSES)
    write_sample(tables_of(spec, sample, SEED + place), sample, data_path, seed=SEED + place)
    toml = data_path / "dataset.toml"
    text = toml.read_text().replace('scheme = "2021"', f'scheme = "{spec.scheme}"')
    if not spec.profiles:  # every column but the fixed ones is gone
        text = text[: text.index("[profile")] if "[profile" in text else text
    toml.write_text(text)
    dataset = read_dataset(data_path)
    if spec.recipe is None:
        train(dataset, TRAINED, artifact=directory / "artifact")
        return directory
    data = index_dataset(dataset)
    cutoff_s = end_of(data)
    learned = data.training_set(data.seen_before(cutoff_s), as_of_s=cutoff_s)
    policy = spec.recipe.fit(learned, seed=SEED)
    calibration = None
    if spec.calibrated:
        cuts = make_cuts(data, SPLIT, seed=SEED)
        assert cuts is not None
        fitted = [(cut, spec.recipe.fit(cut.train, seed=SEED)) for cut in cuts]
        calibration = calibrate(data, *fitted, seed=SEED).calibration
    manifest = Manifest(
        model=policy.stages[0].model.name,
        dataset=dataset.config,
        fingerprint=dataset.fingerprint,
        cutoff_s=cutoff_s,
        seed=SEED,
        recipe=Recipe.of(policy),
        vocabulary=learned.vocabulary,
        code_version="0.1.0+frozen",
        versions={},
    )
    write_artifact(
        directory / "artifact",
        manifest,
        policy,
        Snapshot.take(data, learned.vocabulary, as_of_s=cutoff_s),
        Evidence.count(learned),
        calibration,
    )
    return directory


def tables_of(spec: Spec, sample: SampleConfig, seed: int) -> SampleTables:
    """A sample in which some opted out, cancelled, or have no known balance."""
    tables = generate(sample, seed=seed)
    rng = np.random.default_rng(seed)
    people, purchases = tables.participants.copy(), tables.purchases.copy()
    people["announced_at"] = pd.Timestamp("2021-11-18T09:00:00+07:00")
    people["opted_out"] = rng.random(len(people)) < 0.06
    unknown = rng.random(len(people)) < 0.1
    if spec.scheme == "2023":
        people["balance"] = 3_500_000
    if spec.scheme == "none":
        unknown |= rng.random(len(people)) < 0.5
    people["balance"] = people["balance"].astype("Int64").mask(unknown)
    cancelled = rng.random(len(purchases)) < 0.05
    purchases["status"] = np.where(cancelled, "cancelled", purchases["status"])
    courses = tables.courses.copy()
    courses.loc[rng.random(len(courses)) < 0.05, "price"] = 0
    repeated = rng.permutation(len(courses))[:10]
    courses.loc[repeated[:5], "title"] = courses.loc[repeated[5:], "title"].to_numpy()
    if not spec.profiles:
        keep = ["participant_id", "announced_at", "balance", "opted_out"]
        people = people[keep]
    return replace(tables, participants=people, courses=courses, purchases=purchases)
