"""Blend: a weighted sum of models, its weights by the length of the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator
from saldopas.features.encoding.batch import ParticipantBatch, TrainingSet
from saldopas.features.tables.dataset_config import Frozen
from saldopas.models.recommenders.linear import Summed
from saldopas.models.recommenders.members import MEMBERS
from saldopas.models.recommenders.recommender import Recommender, State, Term, terms_of

N_SCALE_PEOPLE = 1_000  # participants whose scores give the scale of a member


class Member(Frozen):
    """A model of a blend and its hyperparameters as plain values."""

    model: str
    config: dict[str, Any] = Field(default_factory=dict)

    @field_validator("model")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in MEMBERS:
            raise ValueError(f"unknown model {name!r}: use one of {', '.join(MEMBERS)}")
        return name

    @property
    def kind(self) -> type[Recommender]:
        """The class of the member."""
        return MEMBERS[self.model]

    @property
    def typed_config(self) -> Frozen:
        """The validated configuration of the member.

        Raises:
            pydantic.ValidationError: an unknown key or a value out of its range.
        """
        return self.kind.config_type.model_validate(self.config)


class BlendConfig(Frozen):
    """Members of a blend, and their weights by the length of the history.

    Row l of `weights` is for histories of l purchases, the last row for all longer ones. A weight
    is in units of the member's root mean square score.
    """

    members: tuple[Member, ...] = Field(
        default=(Member(model="sequence-ridge"), Member(model="popularity")), min_length=1
    )
    weights: tuple[tuple[float, ...], ...] = Field(default=((1.0, 0.1),), min_length=1)

    @model_validator(mode="after")
    def _one_weight_a_member(self) -> BlendConfig:
        for row in self.weights:
            if len(row) != len(self.members):
                raise ValueError(f"{len(self.members)} members need as many weights in each row")
            if min(row) < 0 or max(row) == 0 or not np.isfinite(row).all():
                raise ValueError("weights are finite, not negative, and one of a row is above 0")
        for member in self.members:
            _ = member.typed_config
        return self


@dataclass(frozen=True)
class Blend(Summed):
    """Weighted sum over members m of weight[level, m] / scale[m] * score_m.

    The level is min(purchases known, levels - 1). scale[m] is the root mean square of the member's
    scores of training participants, so that a weight does not depend on the size of the data.
    """

    config: BlendConfig
    members: tuple[Recommender, ...]
    scale: NDArray[np.float64]  # (n_members,)

    name: ClassVar[str] = "blend"
    uses: ClassVar[frozenset[str]] = frozenset({"history", "profile"})
    config_type: ClassVar[type[Frozen]] = BlendConfig

    @classmethod
    def fit(cls, config: BlendConfig, train: TrainingSet, *, seed: int) -> Self:
        """Fit each member on the same training set."""
        fitted = tuple(
            member.kind.fit(member.typed_config, train, seed=seed) for member in config.members
        )
        scale = np.array([unit_of(member, train.participants) for member in fitted])
        return cls(config, fitted, scale)

    def terms(self, one: ParticipantBatch, items: NDArray[np.integer]) -> list[Term]:
        """Return the terms of the members, each times the member's factor."""
        factors = self.factors(one)[0]
        return [
            term.times(float(factor))
            for member, factor in zip(self.members, factors, strict=True)
            if factor > 0
            for term in terms_of(member, one, items)
        ]

    def reads(self, what: str, batch: ParticipantBatch) -> NDArray[np.bool_]:
        """(B,) whether a member with a weight for the row reads `what`, "history" or "profile"."""
        looks = np.array([what in member.uses for member in self.members])
        return np.asarray((self.factors(batch)[:, looks] > 0).any(axis=1))

    def factors(self, batch: ParticipantBatch) -> NDArray[np.float32]:
        """(B, n_members) float32 factor of each member's scores."""
        factors = self.level_factors
        return factors[np.minimum(batch.sequence.lengths, len(factors) - 1)]

    @property
    def level_factors(self) -> NDArray[np.float32]:
        """(n_levels, n_members) float32 factors by the number of purchases."""
        return (np.asarray(self.config.weights) / self.scale).astype(np.float32)

    def state(self) -> State:
        """The arrays of the members, their names beginning with the member's place."""
        arrays: State = {"scale": self.scale}
        for place, member in enumerate(self.members):
            arrays |= {f"{place}-{name}": array for name, array in member.state().items()}
        return arrays

    @classmethod
    def from_state(cls, config: BlendConfig, state: Mapping[str, NDArray[Any]]) -> Self:
        """Restore the blend of `state`."""
        members = []
        for place, member in enumerate(config.members):
            prefix = f"{place}-"
            own = {
                name.removeprefix(prefix): array
                for name, array in state.items()
                if name.startswith(prefix)
            }
            members.append(member.kind.from_state(member.typed_config, own))
        return cls(config, tuple(members), np.asarray(state["scale"], np.float64))


def unit_of(model: Recommender, people: ParticipantBatch) -> float:
    """Root mean square of the scores of participants at even distances; 1 where all scores are 0.

    Even distances, because a table may be sorted by a profile column.
    """
    count = min(people.n_rows, N_SCALE_PEOPLE)
    scores = model.score(people.take(np.arange(count) * people.n_rows // max(count, 1)))
    square = float(np.square(scores, dtype=np.float64).mean()) if scores.size else 0.0
    return float(np.sqrt(square)) or 1.0
