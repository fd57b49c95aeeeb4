"""A study tries the defaults first, goes the same way for a seed, and survives what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.trial import TrialState
from saldopas.models.recommenders.als import AlsConfig
from saldopas.training_pipeline.tuning.model_study import ModelStudy, open_storage, open_study
from saldopas.training_pipeline.tuning.outcome import Attempt, best_first, best_of
from saldopas.training_pipeline.tuning.plan import SPACES
from saldopas.training_pipeline.tuning.tune import Turn, run_turns

Measure = Callable[[dict[str, Any], Callable[[float], None]], None]


def study_of(
    model: str = "als", storage: BaseStorage | None = None, *, windows: int = 2, seed: int = 7
) -> ModelStudy:
    opened = open_study(storage or InMemoryStorage(), model, fresh=False)
    return ModelStudy(model, opened, SPACES[model].parameters, {}, windows, seed)


def near_one(config: dict[str, Any], after_window: Callable[[float], None]) -> None:
    """Best where regularization is 0.2; the second window is harder for everybody."""
    value = 1 / (1 + abs(config["regularization"] - 0.2))
    after_window(value)
    after_window(value / 2)


def ticking(step: float = 1.0) -> Callable[[], float]:
    """A clock that moves on by `step` each time that somebody looks."""
    ticks: Iterator[int] = count()
    return lambda: step * next(ticks)


def tried(study: ModelStudy, trials: int, measure: Measure = near_one) -> list[Attempt]:
    for _ in range(trials):
        study.go_on(measure, session="s", clock=ticking())
    return study.attempts()


def told(attempts: list[Attempt]) -> list[tuple[Any, ...]]:
    return [(one.number, one.state, one.config, one.by_window) for one in attempts]


def test_the_defaults_are_the_first_trial_and_the_search_finds_better() -> None:
    attempts = tried(study_of(), 25)
    first, best = attempts[0], best_of(attempts)
    defaults = AlsConfig().model_dump()
    assert first.config == {name: defaults[name] for name in SPACES["als"].parameters}
    assert best is not None
    assert best.score is not None
    assert first.score is not None
    assert best.score > first.score


def test_the_same_seed_gives_the_same_trials_and_another_seed_others() -> None:
    assert told(tried(study_of(), 12)) == told(tried(study_of(), 12))
    assert told(tried(study_of(), 3)) != told(tried(study_of(seed=8), 3))


def test_a_study_that_was_interrupted_goes_the_way_of_one_that_was_not() -> None:
    storage = InMemoryStorage()
    tried(study_of(storage=storage), 4)
    for _ in range(2):  # killed twice in the middle of the fifth trial

        def killed(config: dict[str, Any], after_window: Callable[[float], None]) -> None:
            after_window(0.99)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            study_of(storage=storage).go_on(killed, session="s", clock=ticking())
    resumed = study_of(storage=storage)
    assert len(resumed.attempts()) == 4
    assert told(tried(resumed, 9)) == told(tried(study_of(), 13))
    assert not resumed.study.get_trials(states=(TrialState.RUNNING,))


def test_defaults_come_first_even_where_their_trial_was_killed() -> None:
    def killed(config: dict[str, Any], after_window: Callable[[float], None]) -> None:
        raise KeyboardInterrupt

    storage = InMemoryStorage()
    with pytest.raises(KeyboardInterrupt):
        study_of(storage=storage).go_on(killed, session="s", clock=ticking())
    (first,) = tried(study_of(storage=storage), 1)
    assert first.number == 1
    assert first.config["regularization"] == 1.0


def test_a_trial_that_fails_is_kept_with_its_reason_and_the_next_one_runs() -> None:
    def hungry(config: dict[str, Any], after_window: Callable[[float], None]) -> None:
        if config["factors"] == AlsConfig().factors:
            raise MemoryError("cannot allocate 3 GiB\nof memory")
        near_one(config, after_window)

    first, second = tried(study_of(), 2, hungry)
    assert (first.state, first.score) == ("failed", None)
    assert first.why == "MemoryError: cannot allocate 3 GiB"
    assert second.state == "complete"
    assert best_of([first, second]) is second


def test_what_is_below_the_median_at_the_same_window_stops_there() -> None:
    """The last but one is above every other at the first window, and below them in mean after the
    second; its best value of any window says nothing, since windows differ in level.
    """
    usual, low, falling, equal = (0.5, 0.1, 0.3), (0.4, 9, 9), (0.6, -0.2, 9), (0.5, 0.1, 0.9)
    values = iter([*[usual] * 5, low, falling, equal])

    def given(config: dict[str, Any], after_window: Callable[[float], None]) -> None:
        for value in next(values):
            after_window(value)

    attempts = tried(study_of(windows=3), 8, given)
    assert [one.state for one in attempts[:5]] == ["complete"] * 5
    assert [one.state for one in attempts[5:]] == ["pruned", "pruned", "complete"]
    assert [one.by_window for one in attempts[5:7]] == [(0.4,), (0.6, -0.2)]
    assert [one.score for one in attempts[5:7]] == [None, None]
    assert [one.number for one in best_first(attempts)] == [8, 1, 2, 3, 4, 5, 7, 6]


def test_of_equals_the_earlier_is_best_so_that_defaults_stay() -> None:
    attempts = tried(study_of(), 3, lambda config, after_window: after_window(0.5))
    assert best_of(attempts) is not None
    assert best_of(attempts).number == 1


def test_held_hyperparameters_are_passed_on_and_not_varied() -> None:
    space = {"alpha": SPACES["als"].parameters["alpha"]}
    opened = open_study(InMemoryStorage(), "als", fresh=False)
    study = ModelStudy("als", opened, space, {"regularization": 3.0}, 2, 7)
    for one in tried(study, 4):
        assert one.config["regularization"] == 3.0
        assert set(one.config) == {"regularization", "alpha"}


def test_fresh_begins_again() -> None:
    storage = InMemoryStorage()
    tried(study_of(storage=storage), 3)
    assert len(open_study(storage, "als", fresh=False).trials) == 3
    assert len(open_study(storage, "als", fresh=True).trials) == 0


class Lasting:
    """Trials of several models that take a given time on a clock of their own."""

    def __init__(self, lasts: dict[str, float]) -> None:
        self.now = 0.0
        self.order: list[str] = []
        self.lasts = lasts
        self.studies = {model: study_of(model) for model in lasts}

    def turns(self, limit: int) -> list[Turn]:
        return [self._turn(model, limit) for model in self.lasts]

    def run(self, *, seconds: float | None, limit: int = 1_000, session: str = "s") -> None:
        run_turns(
            self.turns(limit),
            seconds=seconds,
            session=session,
            clock=lambda: self.now,
            ended=lambda attempt: self.order.append(attempt.model),
        )

    def _turn(self, model: str, limit: int) -> Turn:
        def measure(config: dict[str, Any], after_window: Callable[[float], None]) -> None:
            self.now += self.lasts[model]
            after_window(0.5)

        study = self.studies[model]
        return Turn(study, limit, lambda: study.go_on(measure, session="s", clock=lambda: self.now))


def test_every_model_gets_the_same_time_whatever_a_trial_of_it_takes() -> None:
    work = Lasting({"popularity": 1.0, "als": 10.0})
    work.run(seconds=40.0)
    assert work.order.count("popularity") * 1.0 == pytest.approx(20.0, abs=10.0)
    assert work.order.count("als") == 2
    assert work.order[:3] == ["popularity", "als", "popularity"]


def test_the_budget_is_kept_within_one_trial() -> None:
    work = Lasting({"popularity": 1.0, "als": 10.0})
    work.run(seconds=41.0)
    assert 41.0 <= work.now < 41.0 + 10.0


def test_a_model_that_has_tried_enough_leaves_its_time_to_the_others() -> None:
    work = Lasting({"popularity": 1.0, "als": 2.0})
    work.run(seconds=None, limit=3)
    assert sorted(work.order) == ["als"] * 3 + ["popularity"] * 3


def test_a_resumed_session_has_what_the_interrupted_one_left() -> None:
    work = Lasting({"popularity": 1.0, "als": 2.0})
    work.run(seconds=12.0)
    spent = work.now
    work.run(seconds=20.0)
    assert work.now == pytest.approx(20.0, abs=2.0)
    assert work.now > spent
    before = work.now
    work.run(seconds=20.0)
    assert work.now == before
    work.run(seconds=5.0, session="another")
    assert work.now >= before + 5.0


def test_optuna_says_nothing_while_it_works(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tried(study_of(storage=open_storage(tmp_path / "tuning.db")), 12)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
