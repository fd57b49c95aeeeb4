"""One model's study: trials that a killed process has not lost, and the same ones for a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner
from optuna.storages import BaseStorage, RDBStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState
from saldopas.models.recommenders.registry import MODELS
from saldopas.training_pipeline.tuning.outcome import Attempt, State

INTERRUPTED, TOLD = "interrupted", "told"  # what Optuna keeps for us beside a trial's values
STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}

# a configuration and what to call after each window; raises what goes wrong
Measure = Callable[[dict[str, Any], Callable[[float], None]], object]
LEAST_OTHERS = 5


@dataclass(frozen=True)
class ModelStudy:
    """Trials of one model on one objective, kept in Optuna's storage.

    Attributes:
        space: ranges of what is tuned; `held`: hyperparameters that are not.
        seed: with the number of ended trials it seeds each trial's sampler, so that a study which
            was interrupted and resumed goes the same way as one which was not.
    """

    model: str
    study: optuna.Study
    space: dict[str, BaseDistribution]
    held: dict[str, Any]
    n_windows: int
    seed: int

    def attempts(self) -> list[Attempt]:
        """Everything that ended, in order."""
        return [self._attempt(number, trial) for number, trial in enumerate(self._ended(), start=1)]

    def spent_s(self, session: str) -> float:
        """Seconds of the trials of a session."""
        return sum(
            float(trial.user_attrs[TOLD]["seconds"])
            for trial in self._ended()
            if trial.user_attrs[TOLD]["session"] == session
        )

    def go_on(self, measure: Measure, *, session: str, clock: Callable[[], float]) -> Attempt:
        """One more trial: the defaults first, then what the sampler (TPE) suggests."""
        number = len(self._ended())
        if number == 0 and not self.study.get_trials(states=(TrialState.WAITING,)):
            self.study.enqueue_trial(self._defaults())
        self.study.sampler = optuna.samplers.TPESampler(
            seed=self._sampler_seed(number), multivariate=True
        )
        started = clock()
        trial = self.study.ask(self.space)
        state, by_window, why = self._tried(trial, measure)
        told = {
            "by_window": by_window,
            "seconds": clock() - started,
            "session": session,
            "why": why,
        }
        trial.set_user_attr(TOLD, told)
        score = sum(by_window) / len(by_window) if state == TrialState.COMPLETE else None
        return self._attempt(number + 1, self.study.tell(trial, score, state))

    def _tried(self, trial: optuna.Trial, measure: Measure) -> tuple[TrialState, list[float], str]:
        """How it ended, its values by window, and what went wrong."""
        by_window: list[float] = []

        def after_window(value: float) -> None:
            by_window.append(value)
            trial.report(sum(by_window) / len(by_window), len(by_window))
            if len(by_window) < self.n_windows and trial.should_prune():
                raise optuna.TrialPruned

        try:
            measure(self.held | trial.params, after_window)
        except optuna.TrialPruned:
            return TrialState.PRUNED, by_window, ""
        except Exception as error:  # noqa: BLE001 - memory, a singular matrix: the next may work
            return TrialState.FAIL, by_window, _one_line(error)
        return TrialState.COMPLETE, by_window, ""

    def _sampler_seed(self, number: int) -> int:
        entropy = [self.seed, number, *self.model.encode()]
        return int(np.random.SeedSequence(entropy).generate_state(1)[0])

    def _defaults(self) -> dict[str, Any]:
        plain = MODELS[self.model].config_type().model_dump()
        return {name: plain[name] for name in self.space}

    def _ended(self) -> list[FrozenTrial]:
        found = self.study.get_trials(deepcopy=False, states=tuple(STATES))
        return [trial for trial in found if INTERRUPTED not in trial.user_attrs]

    def _attempt(self, number: int, trial: FrozenTrial) -> Attempt:
        told = trial.user_attrs[TOLD]
        started = trial.datetime_start or datetime.now(UTC)
        return Attempt(
            model=self.model,
            number=number,
            state=STATES[trial.state],
            config=self.held | trial.params,
            by_window=tuple(told["by_window"]),
            seconds=float(told["seconds"]),
            started_at=started.astimezone(UTC),
            why=str(told["why"]),
        )


def open_storage(file: Path) -> BaseStorage:
    """Optuna's tables in a SQLite file, made where there are none."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    file.parent.mkdir(parents=True, exist_ok=True)
    return RDBStorage(
        f"sqlite:///{file.resolve()}", engine_kwargs={"connect_args": {"timeout": 60}}
    )


def open_study(storage: BaseStorage, name: str, *, fresh: bool) -> optuna.Study:
    """The study of this name; a trial that a killed process left behind is set aside.

    Only one process may hold it (see `tracking.tuning_log`). With `fresh` it begins again.
    """
    if fresh and name in optuna.get_all_study_names(storage):
        optuna.delete_study(study_name=name, storage=storage)
    study = optuna.create_study(
        storage=storage,
        study_name=name,
        direction="maximize",
        pruner=MedianAtWindow(),
        load_if_exists=True,
    )
    study_id = storage.get_study_id_from_name(name)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, trial.number)
        storage.set_trial_user_attr(trial_id, INTERRUPTED, value=True)
        study.tell(trial.number, state=TrialState.FAIL)
    return study


def _one_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__


class MedianAtWindow(BasePruner):
    """Stops a trial whose mean over its windows so far is below the others' median there.

    The rule of Golovin et al. 2017 (Vizier, section 3.2.1), at the same window for both sides:
    Optuna's MedianPruner takes a trial's best value of any window, and windows differ in level.
    Nothing is stopped before `LEAST_OTHERS` trials have been there.
    """

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether `trial`, which has just reported, may stop."""
        window = trial.last_step
        if window is None:
            return False
        ended = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        others = [
            other.intermediate_values[window]
            for other in ended
            if window in other.intermediate_values
        ]
        return len(others) >= LEAST_OTHERS and trial.intermediate_values[window] < median(others)
