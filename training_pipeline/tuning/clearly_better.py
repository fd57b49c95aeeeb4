"""Which trial replaces a model's defaults: one that beats them beyond noise, else none does."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

from saldopas.training_pipeline.evaluating.gains import Gains
from saldopas.training_pipeline.tuning.attempts import Attempt, best_first

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
