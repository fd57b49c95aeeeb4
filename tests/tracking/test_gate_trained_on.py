"""A version is judged on what it was trained on, or the same going on, and on nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from saldopas.features.errors import DataError
from saldopas.features.tables.dataset import Dataset
from saldopas.models.artifact.artifact import Artifact, load_artifact
from saldopas.training_pipeline.gate.judge import check_trained_on
from saldopas.training_pipeline.training.config import TrainingConfig
from saldopas.training_pipeline.training.train import train

from tests.tracking.gate_world import FAIR, GateWorld

HALFWAY = datetime(2021, 3, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def fair(gate_world: GateWorld) -> Artifact:
    return load_artifact(gate_world.records[FAIR].artifact)


def other(dataset: Dataset, purchases: pd.DataFrame) -> Dataset:
    """Other purchases under the same name."""
    return replace(dataset, purchases=purchases.reset_index(drop=True), fingerprint="another")


def test_another_name_is_refused(gate_world: GateWorld, fair: Artifact) -> None:
    dataset = gate_world.dataset
    renamed = replace(
        dataset,
        config=dataset.config.model_copy(update={"name": "last year"}),
        fingerprint="another",
    )
    with pytest.raises(DataError, match="was trained on 'planted', this is 'last year'"):
        check_trained_on(renamed, fair)


def test_data_that_ends_before_the_cut_off_is_refused(
    gate_world: GateWorld, fair: Artifact
) -> None:
    purchases = gate_world.dataset.purchases
    early = other(gate_world.dataset, purchases[purchases["purchased_at"] < HALFWAY])
    with pytest.raises(DataError, match="ends on 2021-03-19, the version has learned until 2021-"):
        check_trained_on(early, fair)


def test_others_who_are_called_alike_are_refused(gate_world: GateWorld, fair: Artifact) -> None:
    """The same ids, courses and days, as in a sample of another seed."""
    purchases = gate_world.dataset.purchases
    drawn = np.random.default_rng(1).permutation(purchases["course_id"])
    with pytest.raises(
        DataError, match=r"^table purchases: \d+% of the purchases that the version has learned"
    ):
        check_trained_on(other(gate_world.dataset, purchases.assign(course_id=drawn)), fair)


def test_some_who_were_erased_do_no_harm(gate_world: GateWorld, fair: Artifact) -> None:
    purchases = gate_world.dataset.purchases
    few = ~purchases["participant_id"].str.endswith("77")
    check_trained_on(other(gate_world.dataset, purchases[few]), fair)


def test_the_same_going_on_is_what_it_was_trained_on(gate_world: GateWorld, tmp_path: Path) -> None:
    purchases = gate_world.dataset.purchases
    early = other(gate_world.dataset, purchases[purchases["purchased_at"] < HALFWAY])
    config = TrainingConfig(model=FAIR, search=False, balance_fit=False)
    older = train(early, config, artifact=tmp_path / "older")
    check_trained_on(gate_world.dataset, load_artifact(older.artifact))
