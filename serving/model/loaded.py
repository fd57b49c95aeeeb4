"""The model in memory: a verified artifact, and what answers are written from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from saldopas.features.errors import ArtifactError
from saldopas.features.tables import columns as c
from saldopas.models.artifact.artifact import Artifact, load_artifact
from saldopas.models.policy.policy import Policy
from saldopas.serving.http.errors import ApiError
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.champion import Located, locate, manifest_hash
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
        """Whom the snapshot knows, over whom the store's answers win."""
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
