"""In the registry: the unfair challenger stays out, the better one serves and is rolled back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tracking.gate_world import BEST, FAIR, STRICT, UNFAIR, GateWorld
from training_pipeline.single_answer import answer_one
from training_pipeline.tracking.registry import (
    GateInput,
    GateRefusedError,
    promote,
    resolve,
    rollback,
)
from training_pipeline.tracking.training_run import track_training

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


def serves() -> str:
    """The model behind the answer of the champion."""
    answer = answer_one(resolve("champion"), NEWCOMER, balance_rp=300_000, n=3)
    assert len(answer["items"]) == 3
    return str(answer["model"])
