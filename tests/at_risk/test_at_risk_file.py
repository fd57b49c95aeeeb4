"""The file of `saldopas at-risk` has one schema, whoever is in it, and is refused early."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from saldopas.features.errors import DataError
from saldopas.training_pipeline.scoring.at_risk import report
from saldopas.training_pipeline.scoring.at_risk.report import SCHEMA, at_risk_to_file
from saldopas.training_pipeline.training.record import TrainingRecord

from tests.small_world import SmallWorld


def written(artifact: Path, data: Path, out: Path, day: str) -> dict[str, Any]:
    return at_risk_to_file(
        artifact,
        str(data),
        out=out,
        as_of=datetime.fromisoformat(day),
        within_days=7,
        max_courses=3,
        seed=7,
    )


def schema_of(path: Path) -> pa.Schema:
    return pq.read_schema(path).remove_metadata()


def test_nobody_at_risk_has_the_schema_of_somebody(
    small_record: TrainingRecord, small_world: SmallWorld, tmp_path: Path
) -> None:
    found = {}
    for day in ("2021-12-09", "2020-01-01"):
        out = tmp_path / f"{day}.parquet"
        found[day] = written(small_record.artifact, small_world.directory, out, day)["at_risk"]
        assert schema_of(out) == SCHEMA
    assert found["2021-12-09"] > 0
    assert found["2020-01-01"] == 0
    nobody = tmp_path / "nobody.csv"
    written(small_record.artifact, small_world.directory, nobody, "2020-01-01")
    assert pd.read_csv(nobody).columns.tolist() == SCHEMA.names


def test_nobody_with_a_plan_has_the_same_schema(
    small_record: TrainingRecord, small_world: SmallWorld, tmp_path: Path
) -> None:
    """Courses that cost more than anybody has."""
    for name in ("participants.parquet", "purchases.parquet", "dataset.toml"):
        (tmp_path / name).symlink_to(small_world.directory / name)
    courses = pd.read_parquet(small_world.directory / "courses.parquet")
    courses.assign(price=10**9).to_parquet(tmp_path / "courses.parquet", index=False)
    out = tmp_path / "risk.parquet"
    assert written(small_record.artifact, tmp_path, out, "2021-12-09")["at_risk"] > 0
    assert schema_of(out) == SCHEMA
    assert set(pd.read_parquet(out)["action"]) == {"none"}


@pytest.mark.parametrize("name", ["folder.parquet", "/proc/x/y.parquet", "x.txt"])
def test_an_out_that_cannot_be_made_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "folder.parquet").mkdir()
    monkeypatch.setattr(report, "load_artifact", lambda path: pytest.fail("it was read"))
    with pytest.raises(DataError):
        written(tmp_path, tmp_path, tmp_path / name, "2021-12-09")
