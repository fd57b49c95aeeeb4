"""The planner compiled once, before the first test."""

from __future__ import annotations

import pytest
from saldopas.models.planner.plan_warm import warm_up


@pytest.fixture(scope="package", autouse=True)
def _compiled() -> None:
    warm_up()
