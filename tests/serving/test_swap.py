"""A new champion reaches every worker while requests are answered; a bad one reaches none."""

from __future__ import annotations

import gc
import shutil
import threading
import time
import weakref
from pathlib import Path

import httpx
import numpy as np
import pytest
from saldopas.models.artifact.erase import erase_from_artifact
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import ModelSlot
from saldopas.serving.model.swap import ChampionWatch

from tests.serving.promoting import promote
from tests.serving.served_process import BENTOML, ROOT, events, metric, running
from tests.serving.serving_world import ServingWorld

LIMIT_S = 2.0


def harmed(world: ServingWorld, path: Path) -> Path:
    shutil.copytree(world.path, path)
    file = next((path / "models").rglob("*.npy"))
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    return path


def test_a_watch_swaps_refuses_once_and_lets_the_old_model_go(
    world: ServingWorld, tmp_path: Path
) -> None:
    settings = Settings(artifact=None, champion=tmp_path / "champion.json")
    promote(tmp_path, world.path, 1)
    slot = ModelSlot()
    watch = ChampionWatch(slot, settings)
    slot.load(settings)
    first = slot.model
    assert first is not None
    watch.look()
    assert slot.model is first  # nothing was promoted

    promote(tmp_path, harmed(world, tmp_path / "harmed"), 2)
    watch.look()
    watch.look()
    assert slot.model is first
    (tmp_path / "champion.json").write_text("rubbish")
    watch.look()
    assert slot.model is first

    old = weakref.ref(first)
    promote(tmp_path, world.path, 3)
    watch.look()
    assert slot.model is not None
    assert slot.model.version == "3"
    del first
    gc.collect()
    assert old() is None


def test_an_artifact_that_people_were_erased_from_is_taken_up(
    world: ServingWorld, tmp_path: Path
) -> None:
    path, pointer = tmp_path / "artifact", tmp_path / "champion.json"
    shutil.copytree(world.path, path)
    promote(tmp_path, path, 1)
    settings = Settings(artifact=None, champion=pointer)
    slot = ModelSlot()
    watch = ChampionWatch(slot, settings)
    slot.load(settings)
    name = world.people.buyer
    assert erase_from_artifact(path, lambda ids: np.array([one == name for one in ids])) == 1
    pointer.touch()  # as `saldopas erase` does
    watch.look()
    assert slot.model is not None
    assert slot.model.artifact.snapshot.rows_of([name]).tolist() == [-1]
    served = slot.model
    pointer.touch()
    watch.look()
    assert slot.model is served  # nothing was changed


def test_a_fixed_artifact_is_not_watched(world: ServingWorld, tmp_path: Path) -> None:
    settings = Settings(artifact=world.path, champion=tmp_path / "champion.json", poll_s=0.01)
    before = threading.active_count()
    ChampionWatch(ModelSlot(), settings).start()
    assert threading.active_count() == before


@pytest.mark.slow
def test_promotion_and_rollback_under_requests(world: ServingWorld, tmp_path: Path) -> None:
    bad = harmed(world, tmp_path / "harmed")
    promote(tmp_path, world.path, 1)
    more = {"SALDOPAS_CHAMPION": str(tmp_path / "champion.json"), "SALDOPAS_WORKERS": "2"}
    command = [*BENTOML, "serve", "saldopas.serving.service:SaldoPas", "--working-dir", str(ROOT)]
    with running(command, tmp_path, **more) as (client, _):
        log = next(tmp_path.glob("*.log"))
        wait_for(log, "ready", 2)
        failed: list[object] = []
        seen: list[str] = []
        ended = threading.Event()
        asking = [
            threading.Thread(target=ask, args=(client.base_url, ended, seen, failed))
            for _ in range(3)
        ]
        for thread in asking:
            thread.start()
        for version, number in ((2, 2), (1, 4)):  # promotion, then rollback
            promote(tmp_path, world.path, version)
            wait_for(log, "model swapped", number)
            start = len(seen)
            while len(seen) < start + 30:
                time.sleep(0.02)
            assert set(seen[start + 3 :]) == {str(version)}  # three were on their way
        promote(tmp_path, bad, 3)
        wait_for(log, "model refused", 2)
        time.sleep(1.5)  # two more looks
        ended.set()
        for thread in asking:
            thread.join()
        assert not failed
        assert set(seen) == {"1", "2"}
        assert metric(client, 'saldopas_model_swaps_total{result="done"}') == 4
        assert metric(client, 'saldopas_model_swaps_total{result="refused"}') == 2
        shown = client.get("/metrics").text.splitlines()
        versions = {
            line.split('"')[-2]: line.split()[-1] for line in shown if "model_info{" in line
        }
        assert versions == {"1": "1.0", "2": "0.0"}
    assert len(events(log, "model refused")) == 2
    assert len(events(log, "model swapped")) == 4


def ask(url: httpx.URL, ended: threading.Event, seen: list[str], failed: list[object]) -> None:
    """Batches: every answer in one is of one model."""
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=url, timeout=60, limits=limits) as client:
        while not ended.is_set():
            try:
                body = client.post("/recommend_batch", json={"requests": [{"n": 2}] * 20}).json()
                versions = {answer["model_version"] for answer in body["results"]}
            except (httpx.HTTPError, ValueError, KeyError) as error:
                failed.append(error)
                continue
            if len(versions) != 1:
                failed.append(versions)
            seen += versions


def wait_for(log: Path, event: str, number: int, *, most_s: float = 300) -> None:
    """Wait until a log has so many lines of an event."""
    end = time.monotonic() + most_s
    while len(events(log, event)) < number:
        if time.monotonic() > end:
            pytest.fail(f"no {number} x {event}:\n{log.read_text()}")
        time.sleep(0.05)
