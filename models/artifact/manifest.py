"""What an artifact says of itself: `manifest.json`, typed."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import Field
from saldopas.features.encoding.profile import ProfileVocabulary
from saldopas.features.splits.split_config import SplitConfig
from saldopas.features.tables.dataset_config import DatasetConfig, Frozen
from saldopas.models.policy.recipe import Recipe

FORMAT_VERSION = 4
MANIFEST = "manifest.json"
REMOVED_OPTIONS = {"sequence-ridge": {"least_newest_trust"}}  # earlier releases wrote them
RECORDED_PACKAGES = ("saldopas", "numpy", "scipy", "implicit", "pandas", "pyarrow")


class Manifest(Frozen):
    """Everything of an artifact that is not an array or a table.

    `files` holds the sha256 of every other file, by its path inside the directory.
    """

    format_version: int = FORMAT_VERSION
    model: str  # name of the model that answers for people with a history
    dataset: DatasetConfig
    fingerprint: str
    cutoff_s: int  # epoch seconds; nothing at or after it was learned
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
    """Python and the packages whose numbers an artifact depends on."""
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
    """sha256 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
