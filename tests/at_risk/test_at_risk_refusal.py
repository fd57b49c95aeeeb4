"""`saldopas at-risk` of a dataset that knows no deadlines."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from saldopas.features.errors import DataError
from saldopas.training_pipeline.scoring.at_risk.report import at_risk_to_file
from saldopas.training_pipeline.training.record import TrainingRecord

from tests.small_world import SmallWorld


def test_without_deadlines_nobody_can_be_at_risk(
    small_record: TrainingRecord, tmp_path: Path, small_world: SmallWorld
) -> None:
    for name in ("participants", "courses", "purchases"):
        source = small_world.directory / f"{name}.parquet"
        (tmp_path / source.name).symlink_to(source)
    with pytest.raises(DataError, match="no deadlines"):
        at_risk_to_file(
            small_record.artifact,
            str(tmp_path),
            out=tmp_path / "o.csv",
            as_of=datetime(2021, 12, 9),
            within_days=7,
            max_courses=3,
            seed=7,
        )
