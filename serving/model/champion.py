"""Which artifact to serve: the one that is set, else the one that promotion points to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from saldopas.features.errors import ArtifactError
from saldopas.models.artifact.manifest import MANIFEST, file_hash
from saldopas.serving.http.settings import Settings

HASH_LETTERS = 12


@dataclass(frozen=True)
class Located:
    """An artifact's directory, and the name that answers give its model."""

    path: Path
    version: str


class ChampionPointer(BaseModel):
    """`champion.json`: the artifact's directory, relative to the file, and its version."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    artifact: Path
    version: int = Field(ge=1)


def locate(settings: Settings) -> Located:
    """The artifact that these settings mean.

    Raises:
        ArtifactError: nothing is set and there is no champion, or the pointer is unreadable.
    """
    if settings.artifact is not None:
        path = settings.artifact.resolve()
        return Located(path, settings.model_version or short_hash(path))
    pointer = read_champion_pointer(settings.champion)
    return Located(pointer.artifact, settings.model_version or str(pointer.version))


def read_champion_pointer(path: Path) -> ChampionPointer:
    """The pointer in `path`, its artifact made absolute.

    Raises:
        ArtifactError: there is no such file, or it is not a pointer.
    """
    try:
        pointer = ChampionPointer.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise ArtifactError(
            f"no champion: there is no {path}; train and promote a model, or set SALDOPAS_ARTIFACT"
        ) from error
    except (OSError, ValidationError) as error:
        raise ArtifactError(f"{path}: not a champion pointer; promote a model again") from error
    return pointer.model_copy(update={"artifact": (path.parent / pointer.artifact).resolve()})


def manifest_hash(path: Path) -> str:
    """sha256 of an artifact's manifest, which holds the hashes of everything else.

    Raises:
        ArtifactError: there is no manifest.
    """
    try:
        return file_hash(path / MANIFEST)
    except OSError as error:
        raise ArtifactError(f"{path}: no readable {MANIFEST}; train first") from error


def short_hash(path: Path) -> str:
    """The version of an artifact that has no other: the first letters of its manifest's hash."""
    return manifest_hash(path)[:HASH_LETTERS]
