"""Runs of MLflow: one experiment a dataset, and how a run is opened, logged and ended."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from saldopas.training_pipeline.console import RunFailedError
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC
from saldopas.training_pipeline.tracking import store

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient

KIND, FINGERPRINT = "saldopas.kind", "saldopas.fingerprint"
TRIAL = "trial"
NAME = MAIN_METRIC.replace("@", "_at_")
VIEW = "saldopas"  # of the list of runs: these columns, which MLflow would not choose
COLUMNS = (
    "attributes.`Duration`",
    f"metrics.`validation/all/{NAME}`",
    f"metrics.`test/all/{NAME}`",
    f"metrics.`test_popularity/all/{NAME}`",
    "metrics.`test/all/balance_used_at_10`",
    "tags.`saldopas.gate`",
    "tags.`saldopas.model`",
    "tags.`saldopas.code_version`",
)
PAGES = {
    "mlflow.experimentKind": "custom_model_development",  # or the pages for chats are shown
    f"mlflow.sharedViewState.{VIEW}": json.dumps({"selectedColumns": COLUMNS}),
}


@dataclass(frozen=True)
class Run:
    """A run that is being logged."""

    mlflow: MlflowClient
    run_id: str
    experiment_id: str

    def log(
        self,
        metrics: Mapping[str, float],
        params: Mapping[str, object],
        *,
        at_ms: int | None = None,
        steps: Iterable[tuple[str, float, int]] = (),
    ) -> None:
        """Log values of one moment; `steps` are further metrics: name, value and step."""
        from mlflow.entities import Metric, Param

        at = now_ms() if at_ms is None else at_ms
        plain = ((name, value, 0) for name, value in metrics.items())
        self.mlflow.log_batch(
            self.run_id,
            metrics=[Metric(name, value, at, step) for name, value, step in (*plain, *steps)],
            params=[Param(name, str(value)) for name, value in params.items()],
        )

    def child(self, name: str, tags: Mapping[str, str], *, start_ms: int) -> Run:
        """A nested run, open."""
        tags = {"mlflow.parentRunId": self.run_id, **tags}
        found = self.mlflow.create_run(
            self.experiment_id, run_name=name, tags=tags, start_time=start_ms
        )
        return Run(self.mlflow, found.info.run_id, self.experiment_id)

    def end(self, status: str, *, end_ms: int | None = None) -> None:
        """FINISHED, KILLED or FAILED."""
        self.mlflow.set_terminated(self.run_id, status, end_time=end_ms)

    @contextmanager
    def files(self, path: str | None = None) -> Iterator[Path]:
        """An empty directory whose files become artifacts of the run."""
        with tempfile.TemporaryDirectory(prefix="saldopas-run-") as folder:
            yield Path(folder)
            self.mlflow.log_artifacts(self.run_id, folder, path)


@contextmanager
def open_run(
    dataset: str, name: str, tags: Mapping[str, str], *, start_ms: int | None = None
) -> Iterator[Run]:
    """A run of a dataset's experiment; FINISHED at the end, FAILED where the block raises.

    Raises:
        RunFailedError: the store refuses.
    """
    mlflow = store.connect()
    with store.mlflow_errors():
        experiment_id = experiment_of(mlflow, dataset)
        found = mlflow.create_run(experiment_id, run_name=name, tags=tags, start_time=start_ms)
        run = Run(mlflow, str(found.info.run_id), experiment_id)
        try:
            yield run
        except BaseException:
            run.end("FAILED")
            raise
        run.end("FINISHED")


def source_tags(command: str, kind: str) -> dict[str, str]:
    """Tags of a run that say which command made it, and what it is."""
    return {
        KIND: kind,
        "mlflow.source.name": f"saldopas {command}",
        "mlflow.source.type": "LOCAL",
    }


def now_ms() -> int:
    """Milliseconds since 1970, as MLflow keeps moments."""
    return round(1_000 * time.time())


def save_figures(figures: Mapping[str, Figure], folder: Path) -> None:
    """Write each figure as `plots/<name>.png`."""
    (folder / "plots").mkdir()
    for name, figure in figures.items():
        figure.savefig(folder / "plots" / f"{name}.png", dpi=130)


def experiment_of(mlflow: MlflowClient, name: str) -> str:
    """Id of the dataset's experiment, made where there is none.

    Raises:
        RunFailedError: it was deleted, or its artifacts would go where they are not looked for.
    """
    found = mlflow.get_experiment_by_name(name) or _made(mlflow, name)
    if found.lifecycle_stage == "deleted":
        raise RunFailedError(
            f"experiment {name!r} is deleted in {store.store_name()}: restore it with `mlflow "
            "experiments restore`, or give the dataset another name in dataset.toml"
        )
    lost = _lost_directory(found.artifact_location)
    if lost is not None:
        raise RunFailedError(
            f"experiment {name!r} keeps its artifacts in {lost}, which is not there: the store "
            "was moved. Move it back, or give the dataset another name in dataset.toml"
        )
    for tag, value in PAGES.items():
        if found.tags.get(tag) != value:
            mlflow.set_experiment_tag(found.experiment_id, tag, value)
    return str(found.experiment_id)


def _made(mlflow: MlflowClient, name: str) -> Any:
    """Create an experiment, or return the one that another process has just created."""
    from mlflow.exceptions import MlflowException

    where = None if store.is_server() else str((store.home() / "artifacts" / name).resolve())
    note = {
        "mlflow.note.content": f"Trainings of `saldopas train` on the dataset {name}; below each, "
        "as its children, what was tried. Tunings and drift reports are runs of their own: filter "
        "by the tag `saldopas.kind`."
    }
    try:
        mlflow.create_experiment(name, artifact_location=where, tags=note)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    return mlflow.get_experiment_by_name(name)


def _lost_directory(location: str) -> Path | None:
    """A local directory that is neither there nor below this store."""
    parsed = urlparse(location)
    if parsed.scheme not in ("", "file"):
        return None
    path = Path(unquote(parsed.path))
    ours = path.is_relative_to(store.home().resolve()) or path.is_dir()
    return None if ours else path
