"""When a trial is not worth its remaining validation windows: the median stopping rule."""

from __future__ import annotations

from statistics import median

from optuna.pruners import BasePruner
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

LEAST_OTHERS = 5


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
