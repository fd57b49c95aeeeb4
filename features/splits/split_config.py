"""How purchases are held out, as training is told and as an artifact remembers it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field
from saldopas.features.tables.dataset_config import Frozen

Method = Literal["by-date", "leave-last-out", "by-participant"]


class SplitConfig(Frozen):
    """How purchases are held out; `auto` looks at the dates."""

    method: Method | Literal["auto"] = "auto"
    protocol: Literal["replay", "window", "auto"] = "auto"
    share: float = Field(default=0.1, gt=0, lt=0.5)  # of the purchases, for each of the two cuts
    validation_windows: int = Field(default=1, ge=1, le=6)  # by date: earlier ones as well
    test_from: datetime | None = None
    max_validation_cases: int = Field(default=20_000, ge=1)
    max_validation_cells: int = Field(default=200_000_000, ge=1)  # cases times courses, to be quick
    max_test_cases: int = Field(default=100_000, ge=1)
    min_cases: int = Field(default=50, ge=1)

    def validation_cases(self, n_items: int) -> int:
        """How many decisions are compared on at the most: fewer where the catalogue is large."""
        return min(self.max_validation_cases, max(self.max_validation_cells // max(n_items, 1), 1))
