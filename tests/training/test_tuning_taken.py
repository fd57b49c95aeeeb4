"""What a tuning takes for `train`: a trial that clearly beats the defaults, else the defaults."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from saldopas.training_pipeline.evaluating.evaluation import Gains
from saldopas.training_pipeline.tuning.outcome import CANDIDATES, Attempt, State, taken_of

N = 400
DEFAULTS = Gains(np.full(N, 0.2), np.arange(N), np.full(20, N * 0.2 / 20))


def trial(number: int, score: float, state: State = "complete") -> Attempt:
    when = datetime(2026, 1, 1, tzinfo=UTC)
    return Attempt("ease", number, state, {"l2": float(number)}, (score,), 1.0, when)


def gaining(*, courses: int) -> Gains:
    """Every decision a tenth better, all of it from hits on so many courses."""
    by_course = DEFAULTS.by_course.copy()
    by_course[:courses] += N * 0.1 / courses
    return Gains(DEFAULTS.by_decision + 0.1, DEFAULTS.person, by_course)


def never(config: dict[str, Any]) -> Gains:
    raise AssertionError(f"{config} was measured again")


def test_a_gain_of_few_courses_is_passed_over_for_the_next_best() -> None:
    attempts = [trial(1, 0.2), trial(2, 0.31), trial(3, 0.3), trial(4, 0.9, "pruned")]
    known = {1: DEFAULTS, 2: gaining(courses=2), 3: gaining(courses=10)}
    assert taken_of(attempts, known, never) is attempts[2]


def test_the_defaults_stay_where_nothing_is_clear() -> None:
    attempts = [trial(1, 0.2), trial(2, 0.3), trial(3, 0.1)]
    assert taken_of(attempts, {1: DEFAULTS, 2: gaining(courses=4)}, never) is attempts[0]


def test_only_the_best_are_looked_at_and_those_of_another_session_are_measured() -> None:
    ahead = [trial(number, 1.0 - number / 100) for number in range(2, CANDIDATES + 3)]
    attempts = [trial(1, 0.2), *ahead]
    asked: list[float] = []

    def measure(config: dict[str, Any]) -> Gains:
        asked.append(config["l2"])
        return DEFAULTS if config["l2"] == 1 else gaining(courses=3)

    assert taken_of(attempts, {2: gaining(courses=1)}, measure) is attempts[0]
    assert sorted(asked) == [1, *range(3, CANDIDATES + 2)]


@pytest.mark.parametrize("attempts", [[], [trial(1, 0.5, "failed")]])
def test_nothing_is_taken_where_nothing_came_to_its_end(attempts: list[Attempt]) -> None:
    assert taken_of(attempts, {}, never) is None


def test_where_the_defaults_failed_the_best_mean_is_taken() -> None:
    attempts = [trial(1, 0.0, "failed"), trial(2, 0.3), trial(3, 0.4)]
    assert taken_of(attempts, {}, never) is attempts[2]
