"""How much a logged list counts for the target policy, and when the log cannot answer at all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from saldopas.features.errors import DataError
from saldopas.features.tables.dataset_config import Frozen
from saldopas.training_pipeline.evaluating.off_policy.exploring import ExploringRanking
from saldopas.training_pipeline.evaluating.off_policy.served_lists import ServedLists

Assumption = Literal["item-position", "cascade", "list"]
Floats = NDArray[np.float64]


class RefusalReason(StrEnum):
    """Reasons for a refusal, for programs that count or branch on them."""

    SUPPORT = "support is missing"
    FEW_LISTS = "too few effective lists"
    FEW_PURCHASES = "too few effective purchases"
    ONE_LIST = "one list weighs too much"
    WRONG_MEAN = "weights do not average 1"
    NO_CHANCES = "chances are not logged"
    OTHER_LENGTH = "lists of another length"


class CannotEstimateError(DataError):
    """The log cannot tell what the target policy is worth; the text says why and what to do."""

    def __init__(
        self, reason: RefusalReason, problem: str, *, remedy: str, column: str | None = None
    ) -> None:
        """`reason` names the rule that refuses, `problem` says it with this log's numbers."""
        self.reason = reason
        super().__init__(problem, remedy=remedy, column=column)


class OffPolicyConfig(Frozen):
    """Assumption on how participants choose, and the least evidence that a log must hold.

    Attributes:
        assumption: what the chance of buying a shown course depends on. `item-position`: course
            and slot alone (Li et al. 2018). `cascade`: also the courses above (McInerney et al.
            2020). `list`: anything in the list (Horvitz & Thompson 1952).
        clip: largest weight, larger ones are cut to it; None: none is. Cutting lowers variance
            and the estimates of IPS.
        max_outside: share of the lists where the target may show what the logger could not.
        min_effective_lists: smallest effective sample size in any slot.
        min_effective_purchases: the same of the weighted purchases.
        max_weight_share: largest share of a slot's weights that one list may have; where it is
            more, larger weights that were not drawn are likely, and intervals are too narrow.
        max_weight_z: mean weights must be 1; they may miss it by so many standard errors.
    """

    assumption: Assumption = "item-position"
    clip: float | None = Field(default=None, gt=0)
    level: float = Field(default=0.95, gt=0.5, lt=1)
    folds: int = Field(default=2, ge=2, le=10)
    max_outside: float = Field(default=0.0, ge=0, lt=1)
    min_effective_lists: float = Field(default=100, ge=2)
    min_effective_purchases: float = Field(default=30, ge=2)
    max_weight_share: float = Field(default=0.02, gt=0, le=1)
    max_weight_z: float = Field(default=5, gt=0)


@dataclass(frozen=True)
class ImportanceWeights:
    """Importance weights and what they say of the log.

    Attributes:
        values: (n, K) weight of the reward in each slot, clipped.
        above: (n, K) weight of what stands above the slot, for the doubly robust estimate.
        effective: (K,) effective sample size (sum w)^2 / sum w^2 (Kish 1965).
        mean: (K,) mean weight, 1 in expectation where nothing is clipped.
        largest: before clipping; clipped_share: of all weights.
        outside_share: of the lists where the target shows what the logger could not.
    """

    values: Floats
    above: Floats
    effective: Floats
    mean: Floats
    largest: float
    clipped_share: float
    outside_share: float


def importance_weights(
    lists: ServedLists, target: ExploringRanking, config: OffPolicyConfig
) -> ImportanceWeights:
    """The weights under the assumption of `config`.

    item-position: pi(a_k at k) / pi0(a_k at k). cascade: the product over the slots down to k of
    pi(a_j | above) / pi0(a_j | above). list: the product over all slots.

    Raises:
        CannotEstimateError: support is missing, the effective sample is too small, or the weights
            do not average 1, so the logged chances are not those of the logged lists.
    """
    outside = _outside_share(lists, target, config)
    raw, above = _MAKERS[config.assumption](lists, target)
    values = raw if config.clip is None else np.minimum(raw, config.clip)
    found = ImportanceWeights(
        values=values,
        above=above if config.clip is None else np.minimum(above, config.clip),
        effective=effective_size(values),
        mean=values.mean(axis=0),
        largest=float(raw.max()),
        clipped_share=float((values < raw).mean()),
        outside_share=outside,
    )
    _refuse_small(found, lists, config)
    if config.clip is None and outside == 0:
        _refuse_wrong_mean(found, config)
    return found


def effective_size(values: Floats) -> Floats:
    """(K,) (sum w)^2 / sum w^2 of each column; 0 where all are 0."""
    squares = (values**2).sum(axis=0)
    total = values.sum(axis=0)
    return np.asarray(np.divide(total**2, squares, out=np.zeros_like(total), where=squares > 0))


def _item_position(lists: ServedLists, target: ExploringRanking) -> tuple[Floats, Floats]:
    if lists.at_slot is None:
        raise CannotEstimateError(
            RefusalReason.NO_CHANCES,
            "the log does not say the chance of each course in its slot over all lists",
            column="propensity_at_slot",
            remedy="let the logger write it, or assume `cascade`",
        )
    weights = target.chance_at_slot(lists) / lists.at_slot
    return weights, np.ones_like(weights)


def _cascade(lists: ServedLists, target: ExploringRanking) -> tuple[Floats, Floats]:
    if lists.given_above is None:
        raise CannotEstimateError(
            RefusalReason.NO_CHANCES,
            "the log does not say the chance of each course given those above it",
            column="propensity_given_above",
            remedy="let the logger write it, or assume `item-position`",
        )
    ratios = target.chance_given_above(lists) / lists.given_above
    weights = np.asarray(np.cumprod(ratios, axis=1), np.float64)
    return weights, np.concatenate([np.ones((lists.n_lists, 1)), weights[:, :-1]], axis=1)


def _whole_list(lists: ServedLists, target: ExploringRanking) -> tuple[Floats, Floats]:
    down_to, above = _cascade(lists, target)
    return np.repeat(down_to[:, -1:], lists.depth, axis=1), above


_MAKERS = {"item-position": _item_position, "cascade": _cascade, "list": _whole_list}


def _outside_share(lists: ServedLists, target: ExploringRanking, config: OffPolicyConfig) -> float:
    if target.filled.shape != lists.filled.shape or (target.filled != lists.filled).any():
        raise CannotEstimateError(
            RefusalReason.OTHER_LENGTH,
            "the target's lists are not as long as the logged ones",
            remedy="rank as many courses as were shown, from what could be shown then",
        )
    share = float(target.shows_outside(lists).mean())
    if share > config.max_outside:
        raise CannotEstimateError(
            RefusalReason.SUPPORT,
            f"support is missing: in {share:.2%} of the lists the target shows a course that the "
            "logger could not",
            remedy="let the logger explore these courses, or take them out of the target",
        )
    return share


def _refuse_small(found: ImportanceWeights, lists: ServedLists, config: OffPolicyConfig) -> None:
    slot = int(found.effective.argmin())
    if found.effective[slot] < config.min_effective_lists:
        raise CannotEstimateError(
            RefusalReason.FEW_LISTS,
            f"too little is known of the target: slot {slot + 1} of {lists.n_lists:,} lists counts "
            f"for {found.effective[slot]:.0f}, and {config.min_effective_lists:g} are wanted",
            remedy="log longer, explore more, or value a policy closer to the logger",
        )
    shares = found.values.max(axis=0) / found.values.sum(axis=0)
    if shares.max() > config.max_weight_share:
        raise CannotEstimateError(
            RefusalReason.ONE_LIST,
            f"a single list has {shares.max():.1%} of the weight of slot {shares.argmax() + 1}, "
            f"and at most {config.max_weight_share:.1%} is wanted",
            remedy="log longer, explore more, or declare a `clip`",
        )
    earned = (found.values * lists.reward).sum(axis=1)
    purchases = float(effective_size(earned[:, None])[0])
    if purchases < config.min_effective_purchases:
        raise CannotEstimateError(
            RefusalReason.FEW_PURCHASES,
            f"too few purchases: those of the target's choices count for {purchases:.0f}, and "
            f"{config.min_effective_purchases:g} are wanted",
            remedy="log longer, explore more, or value a policy closer to the logger",
        )


def _refuse_wrong_mean(found: ImportanceWeights, config: OffPolicyConfig) -> None:
    errors = found.values.std(axis=0) / np.sqrt(len(found.values))
    misses = np.abs(found.mean - 1) > config.max_weight_z * errors + 1e-9
    if misses.any():
        slot = int(misses.argmax())
        raise CannotEstimateError(
            RefusalReason.WRONG_MEAN,
            f"the weights of slot {slot + 1} average {found.mean[slot]:.3f} and not 1: the logged "
            "chances are wrong, or the logger could not show what the target shows",
            remedy="check the logger's propensities, `pool` and `listed`",
        )
