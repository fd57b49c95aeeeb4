"""Samples that several tests look at, generated once."""

from __future__ import annotations

import pytest

from training_pipeline.sample.config import SampleConfig
from training_pipeline.sample.generate import SampleTables, generate


@pytest.fixture(scope="session")
def large() -> SampleTables:
    """30,000 participants and the full catalogue: enough to judge the calibration."""
    return generate(SampleConfig(participants=30_000), seed=7)
