"""Workers add up what they count: of their own service alone, and of no worker that is gone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest
from saldopas.serving.http.shared_metrics import OWN, forget_the_dead

from tests.serving.promoting import promote
from tests.serving.served_process import BENTOML, ROOT, ended, metric, running
from tests.serving.serving_world import ServingWorld

COMMAND = [*BENTOML, "serve", "saldopas.serving.service:SaldoPas", "--working-dir", str(ROOT)]


def test_what_the_dead_left_goes_and_their_counts_stay(tmp_path: Path) -> None:
    dead, alive = 2**22 + 1, os.getpid()  # the first is above every pid
    kinds = ("counter", "gauge_livemin", "gauge_livemax", "gauge_sum")
    for pid in (dead, alive):
        for kind in kinds:
            (tmp_path / f"{kind}_{pid}.db").touch()
    forget_the_dead(tmp_path)
    left = {file.stem for file in tmp_path.iterdir()}
    assert left == {f"{kind}_{alive}" for kind in kinds} | {f"counter_{dead}", f"gauge_sum_{dead}"}


@pytest.mark.slow
def test_another_service_and_a_killed_worker_change_nothing_that_is_told(
    world: ServingWorld, tmp_path: Path
) -> None:
    promote(tmp_path, world.path, 1)
    watched = {"SALDOPAS_CHAMPION": str(tmp_path / "champion.json"), "SALDOPAS_WORKERS": "2"}
    with running(COMMAND, tmp_path, **watched) as (client, process):
        assert client.post("/recommend", json={}).status_code == 200
        other = {"SALDOPAS_ARTIFACT": str(world.path), "SALDOPAS_MODEL_VERSION": "other"}
        with running(COMMAND, tmp_path, **other) as (second, _):
            assert served(client) == {"1"}
            assert served(second) == {"other"}
            assert metric(client, 'saldopas_answers_total{source="popular"}') == 1
        assert metric(client, 'saldopas_answers_total{source="popular"}') == 1

        starter = psutil.Process(process.pid)
        one, *_ = starter.children()
        directory = Path(one.environ()[OWN])
        one.send_signal(signal.SIGKILL)
        wait_until(lambda: one not in starter.children() and len(starter.children()) == 2)
        promote(tmp_path, world.path, 2)
        wait_until(lambda: served(client) == {"2"})
        assert metric(client, 'saldopas_answers_total{source="popular"}') == 1
        assert ended(process) == 0
        assert not directory.exists()


def served(client: httpx.Client) -> set[str]:
    """The versions that the metrics say are served."""
    lines = client.get("/metrics").text.splitlines()
    found = [line for line in lines if line.startswith("saldopas_model_info{")]
    return {line.split('model_version="')[1].split('"')[0] for line in found if line[-3:] == "1.0"}


def wait_until(holds: Callable[[], bool], *, most_s: float = 300) -> None:
    end = time.monotonic() + most_s
    while not holds():
        if time.monotonic() > end:
            pytest.fail("it did not come to pass")
        time.sleep(0.1)
