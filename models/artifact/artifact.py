"""Write and load an artifact: a policy on disk, with hashed files and memory-mapped arrays."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import ValidationError
from saldopas.features.encoding.courses import CourseTable
from saldopas.features.encoding.profile import ProfileVocabulary
from saldopas.features.encoding.snapshot import Snapshot
from saldopas.features.errors import ArtifactError
from saldopas.features.requests.participants import KnownParticipants
from saldopas.models.artifact.golden import GOLDEN, replay_golden, write_golden
from saldopas.models.artifact.manifest import (
    MANIFEST,
    Manifest,
    file_hash,
    files_of,
    read_manifest,
    verify_files,
)
from saldopas.models.explaining.evidence import Evidence
from saldopas.models.policy.calibration import Calibration
from saldopas.models.policy.exploration import Exploration
from saldopas.models.policy.policy import Policy, Stage
from saldopas.models.recommenders.recommender import Recommender
from saldopas.models.recommenders.registry import MODELS

COURSES_FILE = "courses.parquet"
SNAPSHOT_DIR = "snapshot"
MODELS_DIR = "models"
EXPLORATION_DIR = "exploration"
EVIDENCE_DIR = "evidence"
CALIBRATION_DIR = "calibration"


@dataclass(frozen=True)
class Artifact:
    """A loaded and verified artifact; without `calibration` where no purchase could be held out."""

    path: Path
    manifest: Manifest
    policy: Policy
    snapshot: Snapshot
    evidence: Evidence
    calibration: Calibration | None = None

    @property
    def vocabulary(self) -> ProfileVocabulary:
        """The profile tokens of the models."""
        return self.manifest.vocabulary

    def known(self, rows: NDArray[np.integer]) -> KnownParticipants:
        """(B,) rows of the snapshot as participants of requests; -1 is a stranger."""
        n_items, n_tokens = self.policy.courses.n_items, self.vocabulary.n_tokens
        return KnownParticipants.of_snapshot(
            self.snapshot, rows, n_items=n_items, n_tokens=n_tokens
        )


def write_artifact(
    path: Path,
    manifest: Manifest,
    policy: Policy,
    snapshot: Snapshot,
    evidence: Evidence,
    calibration: Calibration | None = None,
) -> Path:
    """Write an artifact into a temporary directory, load it to verify it, and rename it to `path`.

    Returns:
        `path`.

    Raises:
        FileExistsError: `path` exists.
        ArtifactError: the written artifact does not load.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists already; artifacts are never overwritten")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        _write_files(beside, manifest, policy, snapshot, evidence, calibration)
        load_artifact(beside)
        beside.chmod(0o755)
        os.rename(beside, path)  # noqa: PTH104 - atomic, and fails where `path` exists by now
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return path


def load_artifact(path: Path) -> Artifact:
    """Load an artifact: check the hashes, map the arrays and replay the golden requests.

    Raises:
        ArtifactError: the format is another one, a file is missing or was changed, or an answer
            differs from the golden one.
    """
    manifest = read_manifest(path)
    verify_files(path, manifest)
    try:
        with pq.ParquetFile(path / COURSES_FILE) as file:  # `read_table` loads pandas
            table = file.read()
        order = manifest.dataset.eligibility.education_order
        courses = CourseTable.from_table(table, education_order=order)
        policy = Policy(
            stages=_load_stages(path, manifest),
            courses=courses,
            exploration=_load_exploration(path, manifest),
            balance_fit=manifest.recipe.balance_fit,
        )
        snapshot = Snapshot.from_arrays(_load_arrays(path / SNAPSHOT_DIR))
        evidence = Evidence.from_arrays(_load_arrays(path / EVIDENCE_DIR))
        curves = _load_arrays(path / CALIBRATION_DIR)
        calibration = Calibration.from_arrays(curves) if curves else None
    except KeyError as error:
        raise ArtifactError(f"{path}: array {error} is missing; train it again") from error
    except (OSError, ValueError, ValidationError) as error:
        raise ArtifactError(f"{path}: {error}; train it again") from error
    replay_golden(path / GOLDEN, policy, manifest.vocabulary)
    return Artifact(path, manifest, policy, snapshot, evidence, calibration)


def _write_files(
    path: Path,
    manifest: Manifest,
    policy: Policy,
    snapshot: Snapshot,
    evidence: Evidence,
    calibration: Calibration | None,
) -> None:
    pq.write_table(policy.courses.table, path / COURSES_FILE)
    for place, model in enumerate(_distinct(policy)):
        _save_arrays(path / MODELS_DIR / str(place), model.state())
    if policy.exploration is not None:
        rarely_bought = {"rarely_bought": policy.exploration.rarely_bought}
        _save_arrays(path / EXPLORATION_DIR, rarely_bought)
    _save_arrays(path / SNAPSHOT_DIR, snapshot.arrays())
    _save_arrays(path / EVIDENCE_DIR, evidence.arrays())
    if calibration is not None:
        _save_arrays(path / CALIBRATION_DIR, calibration.arrays())
    write_golden(
        path / GOLDEN, policy, manifest.vocabulary, as_of_s=manifest.cutoff_s, seed=manifest.seed
    )
    hashes = {name: file_hash(file) for name, file in sorted(files_of(path).items())}
    full = manifest.model_copy(update={"files": hashes})
    (path / MANIFEST).write_text(full.model_dump_json(indent=1), "utf-8")


def _load_stages(path: Path, manifest: Manifest) -> tuple[Stage, ...]:
    fitted: dict[str, Recommender] = {}
    for stage in manifest.recipe.stages:
        if stage.key not in fitted:
            arrays = _load_arrays(path / MODELS_DIR / str(len(fitted)))
            fitted[stage.key] = MODELS[stage.model].from_state(stage.typed_config, arrays)
    return tuple(Stage(stage.source, fitted[stage.key]) for stage in manifest.recipe.stages)


def _load_exploration(path: Path, manifest: Manifest) -> Exploration | None:
    config = manifest.recipe.exploration
    if config.share == 0:
        return None
    arrays = _load_arrays(path / EXPLORATION_DIR)
    return Exploration(config, manifest.seed, arrays["rarely_bought"])


def _distinct(policy: Policy) -> list[Recommender]:
    """The distinct models, in the order of the stages."""
    return list({id(stage.model): stage.model for stage in policy.stages}.values())


def _save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    path.mkdir(parents=True)
    for name, array in arrays.items():
        np.save(path / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)


def _load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Map the arrays of a directory read-only.

    The maps are viewed as plain arrays, which are indexed several times as fast as `memmap`. An
    empty array cannot be mapped and is read.
    """
    arrays = {}
    for file in sorted(path.glob("*.npy")):
        try:
            arrays[file.stem] = np.load(file, mmap_mode="r", allow_pickle=False).view(np.ndarray)
        except ValueError:
            arrays[file.stem] = np.load(file, allow_pickle=False)
    return arrays
