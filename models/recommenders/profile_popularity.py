"""Popularity by profile: shares smoothed from all people to a token to the exact profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from saldopas.features.encoding.batch import ParticipantBatch, TrainingSet
from saldopas.features.encoding.pairs import (
    MIN_GROUP_PEOPLE,
    distinct_profiles,
    membership,
)
from saldopas.features.tables.dataset_config import Frozen
from saldopas.models.native import GroupShares, Part
from saldopas.models.recommenders.linear import Linear
from saldopas.models.recommenders.recommender import State, Term, csr_from_state, csr_state
from saldopas.models.recommenders.sales import decayed_weights
from scipy.sparse import csr_array

MIN_SHARE = 1e-9


class ProfilePopularityConfig(Frozen):
    """Hyperparameters of `ProfilePopularity`; the strengths count purchases."""

    half_life_days: float | None = Field(default=60.0, gt=0)
    token_strength: float = Field(default=5_000.0, gt=0, description="prior of a token's shares")
    profile_strength: float = Field(default=5_000.0, gt=0, description="prior of exact profiles")


@dataclass(frozen=True)
class ProfilePopularity(Linear):
    """Hierarchically smoothed shares among people of the same profile.

    With p the decayed share over all people, a token t with n_t purchases has
    p_t = (n_ti + s p) / (n_t + s). The prior of a profile is q = p prod_t (p_t / p), and the exact
    profile g with n_g purchases has (n_gi + s' q) / (n_g + s'), a Dirichlet prior at each level
    (MacKay & Peto 1995). A profile of fewer than `MIN_GROUP_PEOPLE` people has its prior: its
    counts could identify a person and are not kept.
    """

    config: ProfilePopularityConfig
    share: NDArray[np.float32]  # (n_items,)
    log_lift: NDArray[np.float32]  # (n_tokens, n_items) log(p_t / p)
    group_tokens: csr_array  # (n_groups, n_tokens), rows in the order of their keys
    group_counts: csr_array  # (n_groups, n_items) decayed purchases

    name: ClassVar[str] = "profile-popularity"
    uses: ClassVar[frozenset[str]] = frozenset({"profile"})
    config_type: ClassVar[type[Frozen]] = ProfilePopularityConfig

    @classmethod
    def fit(cls, config: ProfilePopularityConfig, train: TrainingSet, *, seed: int) -> Self:
        """Count purchases by token and by exact profile; `seed` is not used."""
        sequence = train.participants.sequence
        weights = decayed_weights(train, config.half_life_days)
        bought = csr_array(
            (weights, sequence.item_idx, sequence.indptr),
            shape=(sequence.n_rows, sequence.n_items),
        )
        profile = train.participants.profile
        counts = np.asarray(bought.sum(axis=0), float)
        share = counts / max(float(counts.sum()), MIN_SHARE)
        by_token = (profile.T @ bought).toarray()
        smoothed = by_token + config.token_strength * share
        smoothed /= by_token.sum(axis=1, keepdims=True) + config.token_strength
        log_lift = np.log(smoothed + MIN_SHARE) - np.log(share + MIN_SHARE)
        groups, group_of = distinct_profiles(profile)
        large = np.flatnonzero(np.bincount(group_of, minlength=groups.shape[0]) >= MIN_GROUP_PEOPLE)
        group_counts = csr_array(csr_array(membership(group_of))[large] @ bought)
        group_counts.sum_duplicates()
        return cls(
            config,
            share.astype(np.float32),
            log_lift.astype(np.float32),
            groups[large],
            group_counts.astype(np.float32),
        )

    @property
    def part(self) -> Part:
        """Smoothed shares; a profile without a group has its prior."""
        tokens, counts = self.group_tokens, self.group_counts
        return GroupShares(
            self.share,
            np.exp(self.log_lift),
            group_tokens=(tokens.indptr, tokens.indices),
            group_counts=(counts.indptr, counts.indices, counts.data),
            totals=np.asarray(counts.sum(axis=1), np.float32),
            strength=self.config.profile_strength,
        )

    def terms(self, one: ParticipantBatch, items: NDArray[np.integer]) -> list[Term]:
        """Return the share over all people, and the difference of the profile from it."""
        share = self.share[items].astype(np.float64)
        people = self.score(one)[0, items] - share
        return [Term("popular", -1, share), Term("people", -1, people)]

    def state(self) -> State:
        """Shares, lifts and the two sparse tables."""
        return {
            "share": self.share,
            "log_lift": self.log_lift,
            **csr_state("group_tokens_", self.group_tokens, binary=True),
            **csr_state("group_counts_", self.group_counts),
        }

    @classmethod
    def from_state(cls, config: ProfilePopularityConfig, state: Mapping[str, NDArray[Any]]) -> Self:
        """Restore the model of `state`."""
        n_groups = len(state["group_tokens_indptr"]) - 1
        n_tokens, n_items = state["log_lift"].shape
        tokens = csr_from_state(state, "group_tokens_", shape=(n_groups, n_tokens))
        counts = csr_from_state(state, "group_counts_", shape=(n_groups, n_items))
        return cls(config, state["share"], state["log_lift"], tokens, counts)
