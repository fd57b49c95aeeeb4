"""Trials: how far each got, how it did, and which replaces the defaults of its model."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from saldopas.training_pipeline.evaluating.gains import Gains

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


CANDIDATES = 5  # trials that are looked at; the best first


def taken_of(
    attempts: Sequence[Attempt],
    known: MutableMapping[int, Gains],
    measure: Callable[[dict[str, Any]], Gains],
) -> Attempt | None:
    """The trial whose hyperparameters are worth taking; None where none came to its end.

    The best of many trials is partly luck, so of the best `CANDIDATES` the first is taken whose
    gain over the defaults is clear for people and for courses (`Gains.clearly_above`, as the search
    of `train` asks), else the defaults. Where the defaults failed, the best mean is taken.

    Args:
        attempts: of one model; the first are its defaults.
        known: gains by a trial's number, of the trials of this session; completed here.
        measure: the gains of a configuration, for trials of an earlier session.
    """
    complete = [one for one in best_first(attempts) if one.score is not None]
    defaults = next((one for one in complete if one.number == 1), None)
    if defaults is None:
        return complete[0] if complete else None

    def gains_of(one: Attempt) -> Gains:
        if one.number not in known:
            known[one.number] = measure(one.config)
        return known[one.number]

    ahead = complete[: complete.index(defaults)][:CANDIDATES]
    clear = (one for one in ahead if gains_of(one).clearly_above(gains_of(defaults)))
    return next(clear, defaults)
