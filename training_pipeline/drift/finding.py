"""One thing that was compared: how far it moved, and what to think of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from saldopas.training_pipeline.drift.config import VERDICTS, DriftConfig, Limits, Verdict
from saldopas.training_pipeline.drift.mixes import Distance, Mix, jensen_shannon, psi

Area = Literal["profiles", "prices", "catalogue", "purchases", "recommendations"]
MOVED = 2


@dataclass(frozen=True)
class DriftFinding:
    """One measure of one item.

    Attributes:
        area, item, measure: what was compared, and how.
        value: what is held against `limits`.
        limits: where watching and drifting begin.
        noise: what chance alone gives on average, taken off already; None where it has no part.
        p_value: how often chance gives as much; None where everything was counted, not sampled.
        verdict: `ok` also where chance explains the value.
        what: the largest moves in words.
        mix: both distributions, where there are any.
    """

    area: Area
    item: str
    measure: str
    value: float
    limits: Limits
    noise: float | None
    p_value: float | None
    verdict: Verdict
    what: str
    mix: Mix | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "area": self.area,
            "item": self.item,
            "measure": self.measure,
            "value": self.value,
            "watch": self.limits.watch,
            "drifted": self.limits.drifted,
            "noise": self.noise,
            "p_value": self.p_value,
            "verdict": self.verdict,
            "what": self.what,
        }


def judge(value: float, limits: Limits, *, p_value: float | None, alpha: float) -> Verdict:
    """Judge a value; one that chance explains is ok, whatever its size."""
    if (p_value is not None and p_value >= alpha) or value < limits.watch:
        return "ok"
    return "drifted" if value >= limits.drifted else "watch"


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The worst of them, `ok` of none."""
    return max(verdicts, key=VERDICTS.index, default="ok")


def sampled(
    area: Area,
    item: str,
    measure: str,
    found: Distance,
    limits: Limits,
    config: DriftConfig,
    *,
    what: str,
    mix: Mix | None = None,
) -> DriftFinding:
    """A finding of two samples."""
    return DriftFinding(
        area=area,
        item=item,
        measure=measure,
        value=found.value,
        limits=limits,
        noise=found.noise,
        p_value=found.p_value,
        verdict=judge(found.value, limits, p_value=found.p_value, alpha=config.alpha),
        what=what,
        mix=mix,
    )


def counted(
    area: Area, item: str, measure: str, value: float, limits: Limits, what: str
) -> DriftFinding:
    """A finding of things that were all counted, so that chance has no part in it."""
    verdict = judge(value, limits, p_value=None, alpha=1.0)
    return DriftFinding(area, item, measure, value, limits, None, None, verdict, what)


def of_mix(
    area: Area, item: str, mix: Mix, config: DriftConfig, *, js: bool = False
) -> list[DriftFinding]:
    """PSI of a mix, and Jensen-Shannon beside it where asked for."""
    what = moves(mix)
    found = [sampled(area, item, "PSI", psi(mix), config.psi, config, what=what, mix=mix)]
    if js:
        measured = jensen_shannon(mix)
        found.append(sampled(area, item, "JS", measured, config.js, config, what=what, mix=mix))
    return found


def moves(mix: Mix) -> str:
    """The categories whose share changed most."""
    old, new = (counts / max(counts.sum(), 1) for counts in (mix.old, mix.new))
    order = np.argsort(-np.abs(new - old), kind="stable")[:MOVED]
    return "; ".join(f"{mix.labels[i]} {_percent(old[i])} to {_percent(new[i])}" for i in order)


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")
