"""A tuning: studies that go on where they stopped, each trial tracked as it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from saldopas.training_pipeline.console import RunFailedError, progress, say
from saldopas.training_pipeline.evaluating.evaluation import Evaluation, Gains
from saldopas.training_pipeline.training.comparing import Comparison, Tried
from saldopas.training_pipeline.training.selection import POPULARITY
from saldopas.training_pipeline.tuning.model_study import ModelStudy, open_storage, open_study
from saldopas.training_pipeline.tuning.outcome import Attempt, TuningOutcome, best_of, taken_of
from saldopas.training_pipeline.tuning.plan import TuningPlan, group_of, measured, space_of


@dataclass(frozen=True)
class Effort:
    """How much is tried, and whether earlier trials count.

    Attributes:
        minutes: budget of the session over all models; None: no bound.
        trials: of each model; None: as many as its space calls enough.
        windows: validation windows; None: see `make_plan`.
        fresh: begin again instead of going on.
    """

    minutes: float | None = None
    trials: int | None = None
    windows: int | None = None
    fresh: bool = False


class Tracker(Protocol):
    """Keeps the record of a tuning while it runs; see `tracking.tuning_log.TuningRun`."""

    @property
    def run_id(self) -> str:
        """Id of the record."""

    @property
    def session(self) -> str:
        """Name of what is tried from here to `finish`, over interruptions."""

    def log_trial(self, attempt: Attempt) -> None:
        """Keep a trial that ended."""

    def finish(self, outcome: TuningOutcome) -> None:
        """Keep the result."""


OpenTracker = Callable[[TuningPlan, Sequence[Attempt]], AbstractContextManager[Tracker]]


def tune(
    plan: TuningPlan,
    effort: Effort,
    *,
    studies: Path,
    open_tracker: OpenTracker,
    clock: Callable[[], float] = time.monotonic,
) -> TuningOutcome:
    """Search hyperparameters on validation windows.

    Args:
        plan: what is tuned, and on which windows.
        effort: how much is tried.
        studies: SQLite file of the trials; one process at a time may use it.
        open_tracker: opens the record of a plan, given the trials of earlier sessions.
        clock: seconds, monotonic.

    Raises:
        RunFailedError: no trial of any model worked.
    """
    known = _studies(plan, studies, fresh=effort.fresh)
    earlier = [attempt for study in known for attempt in study.attempts()]
    if earlier:
        say(f"going on after {len(earlier)} trials (--fresh begins again)")
    with open_tracker(plan, earlier) as run:
        try:
            taken = _search(
                plan, known, effort, session=run.session, clock=clock, ended=run.log_trial
            )
        except KeyboardInterrupt:
            say("interrupted: the same command goes on where it stopped")
            raise
        tried = tuple(attempt for study in known for attempt in study.attempts())
        outcome = TuningOutcome(plan, run.run_id, tried, taken)
        if not outcome.best:
            why = tried[-1].why if tried else "there was no time for a single one"
            raise RunFailedError(f"no trial came to its end: {why}")
        run.finish(outcome)
    return outcome


def _studies(plan: TuningPlan, file: Path, *, fresh: bool) -> list[ModelStudy]:
    storage = open_storage(file)
    studies = []
    for model in plan.models:
        held = plan.held(model)
        space = {
            name: values for name, values in space_of(model).parameters.items() if name not in held
        }
        study = open_study(storage, plan.study_name(model), fresh=fresh)
        studies.append(ModelStudy(model, study, space, held, len(plan.windows), plan.config.seed))
    return studies


def _search(
    plan: TuningPlan,
    studies: list[ModelStudy],
    effort: Effort,
    *,
    session: str,
    clock: Callable[[], float],
    ended: Callable[[Attempt], object],
) -> dict[str, Attempt]:
    """Run trials until the budget or the limits are reached, then see what is worth taking."""
    cases = sum(window.cases.n_cases for window in plan.windows)
    say(f"tuning on {len(plan.windows)} windows with {cases:,} decisions: {', '.join(plan.models)}")
    compare = Comparison(
        data=plan.data,
        windows=plan.windows,
        fixed=plan.config.models,
        memory_mb=plan.config.search_memory_mb,
        seed=plan.config.seed,
        advance=lambda: None,
    )
    base = compare.attempt(POPULARITY, plan.held(POPULARITY), None)
    known: dict[str, dict[int, Gains]] = {study.model: {} for study in studies}
    turns = [
        _turn(study, compare, base, effort, known[study.model], session=session, clock=clock)
        for study in studies
    ]
    best = {study.model: best_of(study.attempts()) for study in studies}
    left = sum(max(turn.limit - len(turn.study.attempts()), 0) for turn in turns)
    with progress("tuning", total=left) as advance:

        def tell(attempt: Attempt) -> None:
            advance()
            ended(attempt)
            before = best[attempt.model]
            if attempt.state == "failed":
                say(f"{attempt.model}, trial {attempt.number} failed: {attempt.why}")
            elif attempt is best_of([attempt, *([before] if before else [])]):
                best[attempt.model] = attempt
                say(f"{attempt.model}, trial {attempt.number}: NDCG@10 {attempt.score:.4f}")

        seconds = None if effort.minutes is None else 60 * effort.minutes
        run_turns(turns, seconds=seconds, session=session, clock=clock, ended=tell)
    return _taken(studies, compare, base, known)


def _taken(
    studies: list[ModelStudy],
    compare: Comparison,
    base: Tried,
    known: dict[str, dict[int, Gains]],
) -> dict[str, Attempt]:
    """See `taken_of`; says where a better mean is not clear."""
    taken = {}
    for study in studies:
        model, attempts = study.model, study.attempts()

        def measure(config: dict[str, Any], model: str = model) -> Gains:
            tried = compare.attempt(model, config, _behind(model, base))
            return tried.gains_of(group_of(model))

        one, best = taken_of(attempts, known[model], measure), best_of(attempts)
        if one is None or best is None:
            continue
        taken[model] = one
        if one is not best:
            what = "the defaults stay" if one.number == 1 else f"trial {one.number} is taken"
            say(f"{model}: {what}, as trial {best.number} is not clearly better than the defaults")
    return taken


def _behind(model: str, base: Tried) -> Tried | None:
    """Behind every model but popularity itself answers popularity as the operator gave it, or with
    its defaults: a value does not depend on how far the search of popularity is.
    """
    return None if model == POPULARITY else base


def _turn(
    study: ModelStudy,
    compare: Comparison,
    base: Tried,
    effort: Effort,
    known: dict[int, Gains],
    *,
    session: str,
    clock: Callable[[], float],
) -> Turn:
    """Trials of a study; the gains of those that come to their end are kept in `known`."""
    found: list[Gains] = []

    def measure(config: dict[str, Any], after_window: Callable[[float], None]) -> None:
        found.clear()

        def look(evaluation: Evaluation) -> None:
            after_window(measured(evaluation, study.model))

        tried = compare.attempt(study.model, config, _behind(study.model, base), after_window=look)
        found.append(tried.gains_of(group_of(study.model)))

    def go_on() -> Attempt:
        attempt = study.go_on(measure, session=session, clock=clock)
        if attempt.state == "complete":
            known[attempt.number] = found.pop()
        return attempt

    enough = space_of(study.model).enough
    return Turn(
        study=study,
        limit=(effort.trials or enough) if study.space else 1,
        go_on=go_on,
    )


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
