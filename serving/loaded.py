"""The model in memory: a verified artifact, and what answers are written from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from features import columns as c
from models.artifact import Artifact, load_artifact
from models.manifest import ArtifactError
from serving.champion import Located, locate, manifest_hash
from serving.settings import Settings


@dataclass(frozen=True)
class LoadedModel:
    """Everything a request needs; the lists are aligned to the item index.

    Attributes:
        version: the name that answers give the model.
        fingerprint: sha256 of the artifact's manifest.
        item_of: item index by course id.
        items_in: (k,) item indices by category.
    """

    artifact: Artifact
    version: str
    fingerprint: str
    n_tokens: int
    course_ids: list[str]
    titles: list[str | None]
    categories: list[str | None]
    prices_rp: list[int]
    item_of: dict[str, int]
    items_in: dict[str, NDArray[np.int64]]

    @property
    def n_items(self) -> int:
        """Size of the catalogue."""
        return len(self.course_ids)


class ModelSlot:
    """Holds the model that is served, or the reason why there is none."""

    def __init__(self) -> None:
        self.model: LoadedModel | None = None
        self.reason = "starting"

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
            self.model = load_model(located)
        except ArtifactError:
            self.reason = "model_refused"
            raise


def load_model(located: Located) -> LoadedModel:
    """Verify and load an artifact.

    Raises:
        ArtifactError: it is not there, was changed, or answers its golden requests differently.
    """
    threadpool_limits(limits=1, user_api="blas")  # products of one request are small
    artifact = load_artifact(located.path)
    courses = artifact.policy.courses
    course_ids = [str(course_id) for course_id in courses.course_ids]
    categories = _words(courses.frame, c.CATEGORY)
    return LoadedModel(
        artifact=artifact,
        version=located.version,
        fingerprint=manifest_hash(located.path),
        n_tokens=artifact.vocabulary.n_tokens,
        course_ids=course_ids,
        titles=_words(courses.frame, c.TITLE),
        categories=categories,
        prices_rp=courses.price_rp.tolist(),
        item_of={course_id: item for item, course_id in enumerate(course_ids)},
        items_in=_by_category(categories),
    )


def _words(frame: pd.DataFrame, column: str) -> list[str | None]:
    if column not in frame:
        return [None] * len(frame)
    words: list[Any] = frame[column].astype(object).tolist()
    return [None if pd.isna(word) else str(word) for word in words]


def _by_category(categories: list[str | None]) -> dict[str, NDArray[np.int64]]:
    members: dict[str, list[int]] = {}
    for item, category in enumerate(categories):
        if category is not None:
            members.setdefault(category, []).append(item)
    return {category: np.array(items, np.int64) for category, items in members.items()}
