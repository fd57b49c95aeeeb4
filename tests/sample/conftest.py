"""Samples that several tests look at, generated once."""

from __future__ import annotations

import pytest
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from saldopas.training_pipeline.ingest.sample.generate import SampleTables, generate


@pytest.fixture(scope="session")
def large() -> SampleTables:
    """30,000 participants and the full catalogue: enough to judge the calibration."""
    return generate(SampleConfig(participants=30_000), seed=7)
