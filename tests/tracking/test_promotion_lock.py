"""Machines that share a PostgreSQL store promote one after the other, as processes on one do."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from saldopas.training_pipeline.tracking.champion import LOCK_KEY as KEY
from saldopas.training_pipeline.tracking.champion import promotion_lock
from saldopas.training_pipeline.tracking.registry import VersionInfo, versions
from saldopas.training_pipeline.tracking.training_run import track_training
from saldopas.training_pipeline.training.record import TrainingRecord
from sqlalchemy import create_engine, text

from tests.postgres_server import MISSING, postgres_binaries, postgres_server

PROMOTE = [sys.executable, "-m", "saldopas", "promote"]
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
HELD = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key AND granted"
WAIT_SECONDS = 300.0


@pytest.mark.slow
def test_a_promotion_elsewhere_waits_and_meets_the_new_champion(
    small_record: TrainingRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip(MISSING)
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(here)
    with postgres_server(binaries) as url:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
        for _ in range(2):
            track_training(small_record)
        engine = create_engine(url)
        with promotion_lock(), engine.connect() as watching:
            assert watching.execute(text(HELD), {"key": KEY}).scalar() == 1
            others = [
                subprocess.Popen(
                    [*PROMOTE, version], cwd=elsewhere, stderr=subprocess.PIPE, text=True
                )
                for version in ("1", "2")
            ]
            end = time.monotonic() + WAIT_SECONDS
            while watching.execute(text(WAITING)).scalar() == 0:
                assert time.monotonic() < end, "nobody waits for the lock"
                time.sleep(0.1)
            assert champions() == []
        told = [process.communicate(timeout=300)[1] for process in others]
        assert sorted(process.returncode for process in others) == [0, 1], told
        assert len(champions()) == 1
        with engine.connect() as after:
            assert after.execute(text(HELD), {"key": KEY}).scalar() == 0
        engine.dispose()


def champions() -> list[VersionInfo]:
    return [one for one in versions() if "champion" in one.aliases]
