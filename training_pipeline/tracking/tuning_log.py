"""How a tuning gets into MLflow: one run, a nested run a trial, each as it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from saldopas.training_pipeline.console import RunFailedError, say
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC
from saldopas.training_pipeline.ingest.erased_people import open_dataset
from saldopas.training_pipeline.tracking import store
from saldopas.training_pipeline.tracking.plots.trials import history_plot
from saldopas.training_pipeline.tracking.runs import (
    FINGERPRINT,
    TRIAL,
    Run,
    experiment_of,
    now_ms,
    source_tags,
)
from saldopas.training_pipeline.tracking.store import locked
from saldopas.training_pipeline.tracking.tuning_run import (
    KEY,
    KNOWN,
    METHOD,
    MOST,
    SESSIONS,
    TUNED,
    TUNED_AT,
    TUNING,
    UNTIL,
)
from saldopas.training_pipeline.training.config import TrainingConfig
from saldopas.training_pipeline.training.record import code_version
from saldopas.training_pipeline.tuning.outcome import Attempt, TuningOutcome
from saldopas.training_pipeline.tuning.plan import TuningPlan, make_plan
from saldopas.training_pipeline.tuning.tune import Effort, tune

if TYPE_CHECKING:
    from mlflow import MlflowClient

STUDIES = "tuning.db"
STATUS = {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}


def tune_and_track(
    source: str | Path,
    config: TrainingConfig,
    effort: Effort,
    *,
    quarantine: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> TuningOutcome:
    """Search hyperparameters on validation windows, and track what was found.

    Raises:
        DataError: the data or the configuration cannot be used.
        RunFailedError: the store refuses, or no trial of any model worked.
    """
    store.connect()
    say(f"reading {str(source).split('@')[-1]}")
    plan = make_plan(open_dataset(source, quarantine=quarantine), config, windows=effort.windows)
    studies = store.home() / STUDIES
    with one_at_a_time(store.home()):
        return tune(plan, effort, studies=studies, open_tracker=open_tuning, clock=clock)


@contextmanager
def one_at_a_time(directory: Path) -> Iterator[None]:
    """Hold `.tuning.lock` of the store; a killed holder frees it.

    Two tunings would take each other's trials for left-overs.

    Raises:
        RunFailedError: another process holds it.
    """
    try:
        with locked(directory / ".tuning.lock", wait=False):
            yield
    except BlockingIOError as error:
        raise RunFailedError(
            f"another `saldopas tune` works in {directory}: wait for it, or end it"
        ) from error


@dataclass(frozen=True)
class TuningRun(Run):
    """A tuning that is being tracked.

    Attributes:
        session: names what is tried from here to `finish`, over interruptions.
    """

    session: str

    def log_trial(self, attempt: Attempt) -> None:
        """A nested run of a trial that ended."""
        with store.mlflow_errors():
            _log_attempt(self, attempt)

    def finish(self, outcome: TuningOutcome) -> None:
        """Files, figures, and last the tags by which the result is found."""
        from mlflow.entities import Metric, RunTag

        with store.mlflow_errors():
            with self.files("tuning") as folder:
                history_plot(outcome).savefig(folder / "history.png", dpi=130)
                (folder / "tuned.toml").write_text(outcome.toml(), "utf-8")
                told = json.dumps(outcome.summary(), indent=1) + "\n"
                (folder / "trials.json").write_text(told, "utf-8")
            now = now_ms()
            found = {model: json.dumps(one.config) for model, one in outcome.for_train.items()}
            self.mlflow.log_batch(
                self.run_id,
                metrics=[Metric(name, value, now, 0) for name, value in _metrics(outcome).items()],
                tags=[
                    *(RunTag(TUNED + model, text) for model, text in found.items()),
                    RunTag(SESSIONS, self.session.split()[-1]),
                    RunTag("mlflow.note.content", _note(outcome)),
                    RunTag(TUNED_AT, str(now)),
                ],
            )


@contextmanager
def open_tuning(plan: TuningPlan, earlier: Sequence[Attempt]) -> Iterator[TuningRun]:
    """The run of this plan: the one that `earlier` trials belong to, or a new one.

    It is left FINISHED, KILLED where somebody interrupted it, else FAILED. Earlier trials that
    did not get into MLflow before a kill are logged now.

    Raises:
        RunFailedError: the store refuses.
    """
    mlflow = store.connect()
    with store.mlflow_errors():
        experiment_id = experiment_of(mlflow, plan.name)
        known = mlflow.search_runs([experiment_id], f"tags.`{KEY}` = '{plan.key}'")
        for left in known if not earlier else ():
            if left.info.status == "RUNNING":  # left behind by a kill, and begun again
                mlflow.set_terminated(left.info.run_id, "KILLED")
        if earlier and known:
            run_id, sessions = known[0].info.run_id, int(known[0].data.tags.get(SESSIONS, "0"))
            mlflow.update_run(run_id, status="RUNNING")
            mlflow.set_tag(run_id, "saldopas.code_version", code_version())
        else:
            run_id, sessions = _new_run(mlflow, plan, experiment_id), 0
        run = TuningRun(mlflow, run_id, experiment_id, session=f"{run_id} {sessions + 1}")
        logged = _logged(run)
        for attempt in earlier:
            if (attempt.model, attempt.number) not in logged:
                _log_attempt(run, attempt)
    try:
        yield run
    except BaseException as error:
        run.end("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
        raise
    run.end("FINISHED")


def _new_run(mlflow: MlflowClient, plan: TuningPlan, experiment_id: str) -> str:
    tags = {
        **source_tags("tune", TUNING),
        KEY: plan.key,
        UNTIL: str(plan.looked_at.until_s),
        METHOD: plan.looked_at.method,
        KNOWN: plan.looked_at.known,
        FINGERPRINT: plan.fingerprint,
        "saldopas.dataset": plan.name,
        "saldopas.code_version": code_version(),
        "mlflow.note.content": f"Search of hyperparameters for {', '.join(plan.models)}.",
    }
    name = f"tuning {datetime.now(UTC):%Y-%m-%d %H:%M}"
    found = mlflow.create_run(experiment_id, run_name=name, tags=tags)
    run = Run(mlflow, str(found.info.run_id), experiment_id)
    values = {
        "data.name": plan.name,
        "data.fingerprint": plan.fingerprint,
        "data.participants": plan.data.n_people,
        "data.courses": plan.data.courses.n_items,
        "data.purchases": len(plan.data.kept),
        "seed": plan.config.seed,
        "models": ", ".join(plan.models),
        "split.method": plan.looked_at.method,
        "split.windows": len(plan.windows),
        "split.cases": sum(window.cases.n_cases for window in plan.windows),
        "split.validation_until": datetime.fromtimestamp(plan.looked_at.until_s, UTC).isoformat(),
    }
    run.log({}, values)
    return run.run_id


def _logged(run: Run) -> set[tuple[str, int]]:
    """Trials that have a nested run; one that a kill left half written is deleted."""
    children = run.mlflow.search_runs(
        [run.experiment_id], f"tags.`mlflow.parentRunId` = '{run.run_id}'", max_results=MOST
    )
    whole = [child for child in children if child.info.status in STATUS.values()]
    for child in children:
        if child not in whole:
            run.mlflow.delete_run(child.info.run_id)
    return {
        (child.data.tags["saldopas.model"], int(child.data.tags["saldopas.trial"]))
        for child in whole
    }


def _log_attempt(run: Run, attempt: Attempt) -> None:
    start = int(1_000 * attempt.started_at.timestamp())
    end = start + round(1_000 * attempt.seconds)
    tags = {
        **source_tags("tune", TRIAL),
        "saldopas.model": attempt.model,
        "saldopas.trial": str(attempt.number),
        "saldopas.state": attempt.state,
        "mlflow.note.content": f"Trial {attempt.number} of `{attempt.model}`, {attempt.state}: "
        f"`validation/score` is the mean {MAIN_METRIC} of its windows, "
        "`validation/window/ndcg_at_10` has a step a window.",
    } | ({"saldopas.why": attempt.why} if attempt.why else {})
    child = run.child(f"{attempt.model} {attempt.number:03d}", tags, start_ms=start)
    metrics = {"seconds/trial": attempt.seconds} | (
        {} if attempt.score is None else {"validation/score": attempt.score}
    )
    windows = [
        ("validation/window/ndcg_at_10", value, step)
        for step, value in enumerate(attempt.by_window, start=1)
    ]
    child.log(metrics, {"model": attempt.model, **attempt.config}, at_ms=end, steps=windows)
    child.end(STATUS[attempt.state], end_ms=end)


def _metrics(outcome: TuningOutcome) -> dict[str, float]:
    values: dict[str, float | None] = {}
    for model, told in outcome.summary()["models"].items():
        values |= {
            f"{model}/{name}": told[name]
            for name in ("best", "taken", "default", "trials", "seconds")
        }
    return {name: float(value) for name, value in values.items() if value is not None}


def _note(outcome: TuningOutcome) -> str:
    """The run's description, as a table."""
    lines = [
        f"`saldopas tune` on {outcome.plan.name}: NDCG@10, mean over {len(outcome.plan.windows)} "
        "validation windows. Nothing later than the windows was looked at.",
        "",
        "`taken` is clearly better than the defaults for people and for courses, else it is they.",
        "",
        "| model | chosen for | defaults | best | taken | trials | hyperparameters taken |",
        "|---|---|---|---|---|---|---|",
    ]
    for model, told in outcome.summary()["models"].items():
        default, best, taken = (
            "-" if told[name] is None else f"{told[name]:.4f}"
            for name in ("default", "best", "taken")
        )
        values = ", ".join(f"{key} {value}" for key, value in (told["config"] or {}).items())
        people = "people with a history" if told["people"] == "warm" else "new people"
        lines.append(
            f"| {model} | {people} | {default} | {best} | {taken} | {told['trials']} | {values} |"
        )
    return "\n".join(lines)
