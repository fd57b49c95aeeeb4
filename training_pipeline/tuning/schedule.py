"""Whose turn it is: every model gets the same time, within the budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from saldopas.training_pipeline.tuning.attempts import Attempt
from saldopas.training_pipeline.tuning.model_study import ModelStudy


@dataclass(frozen=True)
class Turn:
    """A study, how many trials it may have in all (earlier sessions included), and the next one."""

    study: ModelStudy
    limit: int
    go_on: Callable[[], Attempt]


def run_turns(
    turns: Sequence[Turn],
    *,
    seconds: float | None,
    session: str,
    clock: Callable[[], float],
    ended: Callable[[Attempt], object],
) -> None:
    """One trial after the other; next is who has had the least time, in order among equals.

    What an interrupted session spent counts, so that a resumed one gets what was left.

    Args:
        turns: the studies.
        seconds: budget of the session, None without one.
        session: name of the session.
        clock: seconds, monotonic.
        ended: called after each trial.
    """
    spent = {turn.study.model: turn.study.spent_s(session) for turn in turns}
    counts = {turn.study.model: len(turn.study.attempts()) for turn in turns}
    deadline = None if seconds is None else clock() + seconds - sum(spent.values())
    while deadline is None or clock() < deadline:
        waiting = [turn for turn in turns if counts[turn.study.model] < turn.limit]
        if not waiting:
            return
        turn = min(waiting, key=lambda turn: spent[turn.study.model])
        attempt = turn.go_on()
        spent[attempt.model] += attempt.seconds
        counts[attempt.model] += 1
        ended(attempt)
