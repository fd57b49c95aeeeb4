"""The model in memory: a verified artifact, and what answers are written from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from saldopas.features.errors import ArtifactError
from saldopas.features.tables import columns as c
from saldopas.models.artifact.artifact import Artifact, load_artifact
from saldopas.models.artifact.manifest import MANIFEST, file_hash
from saldopas.models.policy.policy import Policy
from saldopas.serving.http.errors import ApiError
from saldopas.serving.http.settings import Settings
from saldopas.store.known_participants import ParticipantSource
from threadpoolctl import threadpool_limits

NOT_READY = {
    "starting": "the service is starting; try again soon",
    "no_model": "there is no model to serve; train and promote one",
    "model_refused": "the model did not pass its checks; the service's log says why",
}


@dataclass(frozen=True)
class LoadedModel:
    """Everything a request needs.

    Attributes:
        version: the name that answers give the model.
        fingerprint: sha256 of the artifact's manifest.
        item_of: item index by course id.
        price_of: price in whole units by course id.
        items_in: (k,) item indices by category.
    """

    artifact: Artifact
    version: str
    fingerprint: str
    n_items: int
    n_tokens: int
    item_of: dict[str, int]
    price_of: dict[str, int]
    items_in: dict[str, NDArray[np.int64]]

    @cached_property
    def participants(self) -> ParticipantSource:
        """Known participants: the store's answer, else the snapshot's."""
        artifact = self.artifact
        return ParticipantSource(
            artifact.snapshot,
            artifact.policy.courses,
            artifact.vocabulary,
            artifact.manifest.dataset,
        )

    @cached_property
    def unexplored(self) -> Policy:
        """The policy with no place given away; kept, since its first list prepares the kernel."""
        policy = self.artifact.policy
        return policy if policy.exploration is None else replace(policy, exploration=None)


class ModelSlot:
    """Holds the model that is served, or the reason why there is none."""

    def __init__(self) -> None:
        self.model: LoadedModel | None = None
        self.located: Located | None = None
        self.reason = "starting"

    @property
    def ready(self) -> LoadedModel:
        """The model that answers.

        Raises:
            ApiError: 503, there is none.
        """
        if self.model is None:
            raise ApiError(503, self.reason, NOT_READY[self.reason])
        return self.model

    def load(self, settings: Settings) -> None:
        """Fill the slot; what it held goes on serving where the new artifact is refused.

        Raises:
            ArtifactError: there is no artifact, or it does not prove itself.
        """
        try:
            located = locate(settings)
        except ArtifactError:
            self.reason = "no_model"
            raise
        try:
            self.put(load_model(located), located)
        except ArtifactError:
            self.reason = "model_refused"
            raise

    def put(self, model: LoadedModel, located: Located) -> None:
        """Serve `model` from the next request on."""
        self.model, self.located = model, located


def load_model(located: Located) -> LoadedModel:
    """Verify and load an artifact.

    Raises:
        ArtifactError: it is not there, was changed, or answers its golden requests differently.
    """
    threadpool_limits(limits=1, user_api="blas")  # products of one request are small
    artifact = load_artifact(located.path)
    courses = artifact.policy.courses
    return LoadedModel(
        artifact=artifact,
        version=located.version,
        fingerprint=manifest_hash(located.path),
        n_items=courses.n_items,
        n_tokens=artifact.vocabulary.n_tokens,
        item_of=courses.item_of,
        price_of=dict(zip(map(str, courses.course_ids), courses.price_rp.tolist(), strict=True)),
        items_in=_by_category(courses.texts(c.CATEGORY)),
    )


def _by_category(categories: Sequence[str | None]) -> dict[str, NDArray[np.int64]]:
    members: dict[str, list[int]] = {}
    for item, category in enumerate(categories):
        if category is not None:
            members.setdefault(category, []).append(item)
    return {category: np.array(items, np.int64) for category, items in members.items()}


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


def describe(model: LoadedModel) -> dict[str, Any]:
    """As `schemas.Version` describes it."""
    manifest = model.artifact.manifest
    return {
        "model_version": model.version,
        "model": manifest.model,
        "dataset": manifest.dataset.name,
        "cutoff": datetime.fromtimestamp(manifest.cutoff_s, UTC).isoformat(),
        "code_version": manifest.code_version,
        "service_version": service_version(),
        "artifact": model.fingerprint,
        "data": manifest.fingerprint,
        "stages": [
            {"source": stage.source, "model": stage.model} for stage in manifest.recipe.stages
        ],
    }


@cache
def service_version() -> str | None:
    """The installed release; None where the code runs without being installed."""
    try:
        return version("saldopas")
    except PackageNotFoundError:
        return None
