"""The manifest of an artifact: its format, its reading, and the hashes of the files."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from saldopas.features.encoding.profile import ProfileVocabulary
from saldopas.features.errors import ArtifactError
from saldopas.features.splits.split_config import SplitConfig
from saldopas.features.tables.dataset_config import DatasetConfig, Frozen
from saldopas.models.policy.recipe import Recipe

FORMAT_VERSION = 4
MANIFEST = "manifest.json"
REMOVED_OPTIONS = {"sequence-ridge": {"least_newest_trust"}}  # of earlier releases
RECORDED_PACKAGES = ("saldopas", "numpy", "scipy", "implicit", "pandas", "pyarrow")


class Manifest(Frozen):
    """The parts of an artifact that are neither arrays nor tables.

    Attributes:
        model: name of the model that answers participants with a history.
        cutoff_s: epoch seconds; the models know no event at or after it.
        files: sha256 of every other file, by its path inside the directory.
    """

    format_version: int = FORMAT_VERSION
    model: str
    dataset: DatasetConfig
    fingerprint: str
    cutoff_s: int
    seed: int
    recipe: Recipe
    vocabulary: ProfileVocabulary
    code_version: str
    versions: dict[str, str] = Field(default_factory=dict)
    metrics: dict[str, float] = Field(default_factory=dict)
    split_config: SplitConfig = SplitConfig()
    split: dict[str, str | int | float | None] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)


def installed_versions() -> dict[str, str]:
    """Versions of Python and of the packages that the numbers of an artifact depend on."""
    return {"python": platform.python_version()} | {
        name: version(name) for name in RECORDED_PACKAGES
    }


def without_removed_options(value: Any) -> Any:
    """Drop the options in `REMOVED_OPTIONS` from every model configuration of a raw manifest.

    Args:
        value: a JSON value; a model is an object with the keys `model` and `config`.

    Returns:
        A copy of the value without these options.
    """
    if isinstance(value, list):
        return [without_removed_options(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {key: without_removed_options(each) for key, each in value.items()}
    removed = REMOVED_OPTIONS.get(str(value.get("model")), set())
    if removed and isinstance(kept.get("config"), dict):
        kept["config"] = {key: each for key, each in kept["config"].items() if key not in removed}
    return kept


def file_hash(path: Path) -> str:
    """sha256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_of(path: Path) -> dict[str, Path]:
    """All files of an artifact but the manifest, by their path inside the directory."""
    return {
        str(file.relative_to(path)): file
        for file in path.rglob("*")
        if file.is_file() and file.name != MANIFEST
    }


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of an artifact and check its format.

    Raises:
        ArtifactError: the manifest is missing, not valid or of another format.
    """
    try:
        raw = json.loads((path / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path}: no readable {MANIFEST} ({error}); train first") from error
    found = raw.get("format_version") if isinstance(raw, dict) else None
    if found != FORMAT_VERSION:
        raise ArtifactError(
            f"{path}: artifact format {found!r}, this release reads {FORMAT_VERSION}; train again"
        )
    try:
        return Manifest.model_validate(without_removed_options(raw))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ArtifactError(f"{path}: {MANIFEST} key {where}: {first['msg']}") from error


def verify_files(path: Path, manifest: Manifest) -> None:
    """Check that the directory holds every file of the manifest unchanged, and no other file.

    Raises:
        ArtifactError: names the first file that differs.
    """
    present = files_of(path)
    for name in sorted(present.keys() | manifest.files.keys()):
        if name not in present:
            raise ArtifactError(f"{path}: {name} is missing; restore it or train again")
        if name not in manifest.files:
            raise ArtifactError(f"{path}: {name} is not in {MANIFEST}; remove it")
        if file_hash(present[name]) != manifest.files[name]:
            raise ArtifactError(f"{path}: {name} was changed; restore it or train again")
