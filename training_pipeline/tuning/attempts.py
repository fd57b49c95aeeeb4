"""What was tried: one configuration of one model, how far it got and how it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

State = Literal["complete", "pruned", "failed"]


@dataclass(frozen=True)
class Attempt:
    """One trial.

    Attributes:
        number: counted from 1 for each model; the first is the model's defaults.
        config: the hyperparameters that differ from run to run, and those that were held.
        by_window: NDCG@10 on each validation window that it got to, the newest first.
        why: what went wrong, empty unless it failed.
    """

    model: str
    number: int
    state: State
    config: dict[str, Any]
    by_window: tuple[float, ...]
    seconds: float
    started_at: datetime
    why: str = ""

    @property
    def score(self) -> float | None:
        """Mean over the windows; None where it did not see them all."""
        if self.state != "complete":
            return None
        return sum(self.by_window) / len(self.by_window)

    def summary(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "model": self.model,
            "number": self.number,
            "state": self.state,
            "score": self.score,
            "by_window": list(self.by_window),
            "seconds": round(self.seconds, 3),
            "config": self.config,
        } | ({"why": self.why} if self.why else {})


def best_of(attempts: Sequence[Attempt]) -> Attempt | None:
    """The highest score, the earliest of equals, so that defaults stay unless beaten."""
    complete = [(one.score, -one.number, one) for one in attempts if one.score is not None]
    return max(complete, key=lambda entry: entry[:2])[2] if complete else None


def best_first(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Complete by score, then pruned by the windows they got to and their mean, then failed."""
    order = {"complete": 0, "pruned": 1, "failed": 2}
    return sorted(
        attempts,
        key=lambda one: (
            order[one.state],
            -len(one.by_window),
            -sum(one.by_window) / max(len(one.by_window), 1),
            one.number,
        ),
    )
