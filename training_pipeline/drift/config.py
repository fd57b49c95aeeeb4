"""From which size on a shift is worth a look, and from which it is a drift."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator
from saldopas.features.tables.dataset_config import Frozen
from saldopas.training_pipeline.ingest.files import read_toml, validated

Verdict = Literal["ok", "watch", "drifted"]
VERDICTS: tuple[Verdict, ...] = ("ok", "watch", "drifted")


class Limits(Frozen):
    """Values below `watch` are ok, from `drifted` on drifted."""

    watch: float = Field(gt=0)
    drifted: float = Field(gt=0)

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if self.watch > self.drifted:
            raise ValueError(f"watch {self.watch:g} is above drifted {self.drifted:g}")
        return self


class DriftConfig(Frozen):
    """Limits, and how distributions are cut.

    Attributes:
        psi: population stability index, nats; .1 and .25 are the usual ones (Siddiqi 2006).
        js: Jensen-Shannon divergence, bits; small shifts have PSI / (8 ln 2), so these are those.
        ks: largest gap of two cumulative distributions.
        purchases_a_participant, purchases_a_day: change relative to OLD.
        entered, left, repriced: shares of the courses on sale.
        overlap_lost: share of the lists' overlap lost beyond what refitting costs by itself.
        alpha: a sampled shift is one only if chance makes it this seldom.
        bands: quantile bands of numbers; max_categories: the most frequent, the rest is one.
        min_expected: of a category in the smaller sample, or it is one with the rest.
        requests, depth, persistence, seed: for lists; RBO's p (Webber et al. 2010).
    """

    psi: Limits = Limits(watch=0.1, drifted=0.25)
    js: Limits = Limits(watch=0.018, drifted=0.045)
    ks: Limits = Limits(watch=0.1, drifted=0.2)
    purchases_a_participant: Limits = Limits(watch=0.1, drifted=0.25)
    purchases_a_day: Limits = Limits(watch=0.25, drifted=0.5)
    entered: Limits = Limits(watch=0.1, drifted=0.3)
    left: Limits = Limits(watch=0.1, drifted=0.3)
    repriced: Limits = Limits(watch=0.1, drifted=0.3)
    overlap_lost: Limits = Limits(watch=0.1, drifted=0.25)
    alpha: float = Field(default=0.001, gt=0, lt=1)
    bands: int = Field(default=10, ge=2, le=100)
    max_categories: int = Field(default=50, ge=2)
    min_expected: float = Field(default=5, gt=0)
    requests: int = Field(default=2_000, ge=10)
    depth: int = Field(default=10, ge=1, le=100)
    persistence: float = Field(default=0.9, gt=0, lt=1)
    seed: int = 7


def read_drift_config(path: Path | None) -> DriftConfig:
    """The configuration of a TOML file, or the defaults.

    Raises:
        DataError: not TOML, or a key is unknown or out of its range.
    """
    return validated(DriftConfig, read_toml(path), path=path, remedy="see docs/drift.md")
