"""A block of served lists that is written again, where that is not sure, is there once."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from saldopas.store.erase import erase_people
from saldopas.store.served.packing import Ragged, Shown
from saldopas.store.served.tables import export_served, write_shown
from sqlalchemy.engine import Engine

AT = datetime(2022, 1, 10, 9, 30, tzinfo=UTC)
IDS = ["C1", "C2"]


def shown(names: list[str]) -> Shown:
    """A list of one course each."""
    n = len(names)
    ones = np.ones(n, np.float32)
    return Shown(
        request_ids=[f"r{place}" for place in range(n)],
        participant_ids=names,
        served_at=[AT] * n,
        model_version="1",
        feasible=np.ones((n, 2), bool),
        courses=Ragged(np.arange(n + 1), np.zeros(n, np.int64)),
        scores=ones,
        propensity=ones,
    )


@pytest.mark.parametrize("erased", [None, "P0", "P1"])
def test_a_block_that_is_written_again_with_more_is_there_once(
    store: Engine, erased: str | None
) -> None:
    names = ["P0", "P1", "P2"]
    assert write_shown(store, shown(names[:2]), fingerprint="f", course_ids=IDS) == 2
    if erased is not None:
        assert erase_people(store, [erased], now=AT, pending=False) == 1
    left = [name for name in names if name != erased]
    assert write_shown(store, shown(names), fingerprint="f", course_ids=IDS) == len(left)
    rows = export_served(store, window_days=1, now=AT).rows
    assert [row.participant_id for row in rows] == left
