"""What tests of several packages share; expensive things are made once, and only when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from saldopas.training_pipeline.training.record import TrainingRecord

    from tests.small_world import SmallWorld

# a busy machine is no failure
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


SLOWEST = (
    "end_to_end",
    "page",
    "tracking",
    "training",
)  # first, so that no process idles at the end


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the directories that take longest."""
    items.sort(key=lambda item: item.path.parent.name not in SLOWEST)


@pytest.fixture(scope="session")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> SmallWorld:
    """2,000 generated participants on disk and in memory."""
    from tests.small_world import make_small_world

    return make_small_world(tmp_path_factory.mktemp("small_world") / "data")


@pytest.fixture(scope="session")
def small_record(
    small_world: SmallWorld, tmp_path_factory: pytest.TempPathFactory
) -> TrainingRecord:
    """One training on the small world, its artifact on disk."""
    from tests.small_world import train_small_world

    return train_small_world(small_world, tmp_path_factory.mktemp("small_record") / "artifact")
