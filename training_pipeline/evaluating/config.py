"""How sure an evaluation has to be, and how small a group it may show."""

from __future__ import annotations

from pydantic import Field
from saldopas.features.tables.dataset_config import Frozen


class EvaluationConfig(Frozen):
    """Settings of `saldopas evaluate` and `saldopas compare`."""

    seed: int = 7  # of the bootstrap
    resamples: int = Field(default=1_000, ge=100)
    level: float = Field(default=0.95, gt=0.5, lt=1)  # of the intervals
    alpha: float = Field(default=0.05, gt=0, lt=0.5)  # error of a whole family of tests
    power: float = Field(default=0.8, gt=0.5, lt=1)  # of the smallest detectable difference
    min_people: int = Field(default=100, ge=2)  # a segment of fewer participants is not shown
