"""An artifact loads as it was written, and is refused where anything differs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from saldopas.features.errors import ArtifactError
from saldopas.features.requests.batch import build_requests
from saldopas.models.artifact.artifact import load_artifact, write_artifact
from saldopas.models.artifact.manifest import file_hash, without_removed_options
from saldopas.training_pipeline.training.record import TrainingRecord


@pytest.fixture
def copy(small_record: TrainingRecord, tmp_path: Path) -> Path:
    target = tmp_path / "copy"
    shutil.copytree(small_record.artifact, target)
    return target


def test_arrays_are_mapped_read_only(small_record: TrainingRecord) -> None:
    artifact = load_artifact(small_record.artifact)
    assert isinstance(artifact.snapshot.item_idx.base, np.memmap)
    assert not artifact.snapshot.item_idx.flags.writeable


def test_loading_twice_answers_the_same(small_record: TrainingRecord) -> None:
    first, second = (load_artifact(small_record.artifact) for _ in range(2))
    rows = np.arange(first.snapshot.n_people)
    asked = build_requests(first.known(rows), as_of_s=first.manifest.cutoff_s, count=5)
    ours, theirs = first.policy.recommend(asked), second.policy.recommend(asked)
    np.testing.assert_array_equal(ours.item_idx, theirs.item_idx)
    np.testing.assert_array_equal(ours.scores, theirs.scores)


def test_nothing_in_it_is_a_pickle(small_record: TrainingRecord) -> None:
    kinds = {file.suffix for file in small_record.artifact.rglob("*") if file.is_file()}
    assert kinds == {".json", ".npy", ".parquet"}
    for file in small_record.artifact.rglob("*.npy"):
        np.load(file, allow_pickle=False)


def flip_a_byte(path: Path) -> None:
    file = next(path.rglob("weights.npy"))
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))


def forge_a_score(path: Path) -> None:
    """A changed golden answer whose hash was mended too: only the replay can tell."""
    golden = path / "golden.json"
    cases = json.loads(golden.read_text())
    cases[-1]["items"] = cases[-1]["items"][::-1]
    golden.write_text(json.dumps(cases))
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["files"]["golden.json"] = file_hash(golden)
    (path / "manifest.json").write_text(json.dumps(manifest))


def change_manifest(key: str, value: object) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        manifest = json.loads((path / "manifest.json").read_text())
        manifest[key] = value
        (path / "manifest.json").write_text(json.dumps(manifest))

    return change


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (flip_a_byte, "weights.npy was changed"),
        (lambda path: (path / "courses.parquet").unlink(), "courses.parquet is missing"),
        (lambda path: (path / "extra.npy").write_bytes(b"x"), "extra.npy is not in manifest.json"),
        (lambda path: (path / "manifest.json").unlink(), "no readable manifest.json"),
        (lambda path: (path / "manifest.json").write_text("{"), "no readable manifest.json"),
        (lambda path: (path / "manifest.json").write_text("[]"), "artifact format None"),
        (change_manifest("format_version", 99), "artifact format 99"),
        (change_manifest("surprise", 1), "surprise"),
        (forge_a_score, "golden request"),
    ],
    ids=[
        "flipped byte",
        "missing file",
        "extra file",
        "no manifest",
        "broken manifest",
        "manifest of another kind",
        "other format",
        "unknown key",
        "other answers",
    ],
)
def test_a_damaged_artifact_is_refused_with_its_reason(
    copy: Path, damage: Callable[[Path], object], says: str
) -> None:
    damage(copy)
    with pytest.raises(ArtifactError, match=says) as caught:
        load_artifact(copy)
    assert "\n" not in str(caught.value)


def as_of_an_earlier_release(path: Path, newest_trust: float) -> None:
    """Add what earlier releases stored of every sequence-ridge: an option and an array."""
    manifest = json.loads((path / "manifest.json").read_text())
    for file in path.rglob("kept.npy"):
        added = file.with_name("newest_trust.npy")
        np.save(added, np.array([newest_trust]))
        manifest["files"][str(added.relative_to(path))] = file_hash(added)
    for stage in manifest["recipe"]["stages"]:
        if stage["model"] == "sequence-ridge":
            stage["config"]["least_newest_trust"] = 0.01
    (path / "manifest.json").write_text(json.dumps(manifest))


def test_an_artifact_of_an_earlier_release_loads(small_record: TrainingRecord, copy: Path) -> None:
    as_of_an_earlier_release(copy, newest_trust=1.0)
    assert "least_newest_trust" in (copy / "manifest.json").read_text()
    recipe = load_artifact(copy).manifest.recipe
    assert recipe == load_artifact(small_record.artifact).manifest.recipe


def test_an_artifact_that_distrusts_new_purchases_is_refused(copy: Path) -> None:
    as_of_an_earlier_release(copy, newest_trust=0.25)
    with pytest.raises(ArtifactError, match="distrusted new purchases; train it again"):
        load_artifact(copy)


def test_removed_options_are_dropped_in_a_blend() -> None:
    ridge = {"model": "sequence-ridge", "config": {"l2": 3.0, "least_newest_trust": 0.5}}
    blend = {"model": "blend", "config": {"members": [ridge], "weights": [[1.0]]}}
    kept = {"model": "sequence-ridge", "config": {"l2": 3.0}}
    expected = {"model": "blend", "config": {"members": [kept], "weights": [[1.0]]}}
    assert without_removed_options(blend) == expected


def test_nothing_is_overwritten(small_record: TrainingRecord, copy: Path) -> None:
    artifact = load_artifact(small_record.artifact)
    with pytest.raises(FileExistsError):
        write_artifact(
            copy, artifact.manifest, artifact.policy, artifact.snapshot, artifact.evidence
        )


def test_a_failed_write_leaves_nothing_behind(small_record: TrainingRecord, tmp_path: Path) -> None:
    artifact = load_artifact(small_record.artifact)
    wrong = artifact.manifest.model_copy(update={"format_version": 0})
    with pytest.raises(ArtifactError):
        write_artifact(
            tmp_path / "new", wrong, artifact.policy, artifact.snapshot, artifact.evidence
        )
    assert list(tmp_path.iterdir()) == []


def test_no_participant_is_named_outside_the_snapshot(small_record: TrainingRecord) -> None:
    someone = small_record.data.people["participant_id"].iloc[0].encode()
    holding = [
        file.relative_to(small_record.artifact).as_posix()
        for file in small_record.artifact.rglob("*")
        if file.is_file() and someone in file.read_bytes()
    ]
    assert holding == ["snapshot/ids.npy"]
