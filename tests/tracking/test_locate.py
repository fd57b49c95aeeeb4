"""Every way to name a model leads to its artifact, or to one line that says what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from saldopas.features.errors import DataError
from saldopas.models.artifact.artifact import load_artifact
from saldopas.training_pipeline.tracking import registry as locate
from saldopas.training_pipeline.tracking.promotion import promote
from saldopas.training_pipeline.tracking.registry import ModelNotFoundError, resolve

from tests.tracking.tracked import Tracked


@pytest.fixture
def promoted(tracked: Tracked) -> Tracked:
    """Version 2 is the champion, version 1 the previous one."""
    promote(1)
    promote(2, force=True, reason="a test")
    return tracked


@pytest.mark.parametrize(
    ("model", "version"),
    [
        ("champion", 2),
        ("challenger", 3),
        ("previous", 1),
        ("2", 2),
        ("models:/course-recommender@champion", 2),
        ("models:/course-recommender/3", 3),
    ],
)
def test_names(promoted: Tracked, model: str, version: int) -> None:
    found = resolve(model)
    run_id = promoted.client.get_model_version("course-recommender", str(version)).run_id
    assert f"run_id: {run_id}" in (found.parent.parent / "MLmodel").read_text()
    assert load_artifact(found).manifest.fingerprint == promoted.record.manifest.fingerprint


def test_a_directory_needs_no_store(tracked: Tracked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////nowhere/at/all.db")
    assert resolve(str(tracked.record.artifact)) == tracked.record.artifact


def test_artifacts_on_this_machine_are_used_in_place(tracked: Tracked) -> None:
    assert resolve("1").is_relative_to(tracked.home)


def test_a_store_that_was_moved_is_read(tracked: Tracked) -> None:
    """Its database holds the paths of before; here they lead nowhere."""
    inside = resolve("1").parent.parent.relative_to(tracked.home)
    assert locate._local_directory(f"/moved/away/{inside}") == tracked.home / inside


def test_what_is_elsewhere_is_fetched_once(
    tracked: Tracked, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    there = shutil.copytree(resolve("1").parent.parent, tmp_path / "there")
    first = locate._downloaded("m-1", there.as_uri())
    shutil.rmtree(there)
    assert locate._downloaded("m-1", there.as_uri()) == first
    assert first.is_relative_to(tmp_path / "cache")
    assert load_artifact(next(first.glob("artifacts/*"))).manifest.seed == 7
    assert [path.name for path in first.parent.iterdir()] == ["m-1"]  # nothing half-fetched


def test_no_champion_yet(tracked: Tracked) -> None:
    waits = r"no champion yet in .*: version \d+ was not promoted; .* `saldopas promote \d+ --force"
    with pytest.raises(ModelNotFoundError, match=waits):
        resolve("champion")


def test_nothing_was_ever_trained(empty_store: Path) -> None:
    untrained = r"no champion yet in .*: run `saldopas train DIR`"
    with pytest.raises(ModelNotFoundError, match=untrained):
        resolve("champion")
    with pytest.raises(DataError, match="no version 1"):
        resolve("1")


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("99", "no version 99 of course-recommender in"),
        ("no/such/directory", "'no/such/directory' is no model"),
        ("/tmp", "'/tmp' is no model"),
        ("models:/course-recommender/99", "version=99"),
        ("models:/course-recommender@nobody", "nobody"),
        ("models:/nothing/1", "nothing"),
        ("models:/m-0000", "m-0000"),
        ("models:/course-recommender/x", "x"),
    ],
)
def test_unknown_names_are_bad_usage(tracked: Tracked, model: str, said: str) -> None:
    remedy = "give champion, challenger, previous, a version number, a models:/ address or the "
    with pytest.raises(DataError, match=f"{said}.*; {remedy}directory of an artifact$"):
        resolve(model)


def test_files_that_are_gone(tracked: Tracked) -> None:
    manifest = resolve("2") / "manifest.json"
    hidden = manifest.rename(manifest.with_name("hidden"))
    try:
        with pytest.raises(ModelNotFoundError, match="files of model 2 are gone"):
            resolve("2")
    finally:
        hidden.rename(manifest)
