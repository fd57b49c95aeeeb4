"""In the registry: the unfair challenger stays out, the better one serves and is rolled back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tracking.gate_world import BEST, FAIR, STRICT, UNFAIR, GateWorld, write_planted
from training_pipeline.single_answer import answer_one
from training_pipeline.tracked_training import train_and_track
from training_pipeline.tracking.registry import (
    GateInput,
    GateRefusedError,
    ModelNotFoundError,
    promote,
    resolve,
    rollback,
)
from training_pipeline.tracking.training_run import track_training
from training_pipeline.training_config import read_training_config

NEWCOMER = "p1790"  # one of `few`


def test_worse_stays_out_better_serves_and_is_rolled_back(
    gate_world: GateWorld, empty_store: Path
) -> None:
    fair, unfair, best = (
        track_training(gate_world.records[name]).version for name in (FAIR, UNFAIR, BEST)
    )
    gate = GateInput(gate_world.dataset, config=STRICT)
    assert promote(fair, gate=gate).from_version is None
    with pytest.raises(GateRefusedError, match=r"refused by .*segments \(under 90% of champion"):
        promote(unfair, gate=gate)
    assert serves() == "profile-popularity"
    move = promote(best, gate=gate)
    assert (move.from_version, move.to_version, move.forced) == (fair, best, False)
    assert serves() == "sequence-ridge"
    assert rollback(reason="complaints").to_version == fair
    assert serves() == "profile-popularity"


def test_a_training_asks_the_gate_as_its_configuration_says(
    tmp_path: Path, empty_store: Path
) -> None:
    write_planted(tmp_path / "data")
    file = tmp_path / "training.toml"
    file.write_text("search = false\n[gate]\nlatency_ms = 1e-6\nrequests = 20\n")
    config = read_training_config(file, model="popularity")
    outcome = train_and_track(str(tmp_path / "data"), config)
    assert outcome["gate"]["refused_by"] == ["latency"]
    assert outcome["gate"]["settings"] == config.gate.model_dump(mode="json")
    assert not outcome["promoted"]
    with pytest.raises(ModelNotFoundError):
        resolve("champion")


def serves() -> str:
    """The model behind the answer of the champion."""
    answer = answer_one(resolve("champion"), NEWCOMER, balance_rp=300_000, n=3)
    assert len(answer["items"]) == 3
    return str(answer["model"])
