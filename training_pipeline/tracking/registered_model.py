"""The artifact as a pyfunc model of MLflow: signature, example, requirements, version."""

from __future__ import annotations

import json
import os
import platform
import tempfile
from importlib.metadata import distributions, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from saldopas.features.tables import columns as c
from saldopas.training_pipeline.tracking import run_values
from saldopas.training_pipeline.tracking.runs import Run
from saldopas.training_pipeline.training.record import TrainingRecord

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel


ARTIFACT_KEY = "saldopas"
VERSIONS_TAG = "mlflow.modelVersions"  # where MLflow's pages look for the registered versions
CODE = Path(__file__).with_name("pyfunc_model.py")
NOBODY = "example-participant"
PINNED = ("saldopas", "numpy", "scipy", "implicit", "pandas", "pyarrow", "pydantic")


def start_model(run: Run, record: TrainingRecord, *, name: str) -> LoggedModel:
    """A model of the run that is not ready yet, so that metrics can be logged for it."""
    return run.mlflow.create_logged_model(
        run.experiment_id,
        name=name,
        source_run_id=run.run_id,
        tags=run_values.tags(record),
        params=run_values.parameters(record),
        model_type="recommender",
    )


def register(run: Run, record: TrainingRecord, *, model: LoggedModel) -> int:
    """Log the artifact as the model's files and register it; returns the version number."""
    from mlflow.entities import LoggedModelOutput, LoggedModelStatus

    mlflow, run_id = run.mlflow, run.run_id
    with tempfile.TemporaryDirectory(prefix="saldopas-model-") as folder:
        saved = save_pyfunc(record, Path(folder) / "model", run_id=run_id, model=model)
        mlflow.log_model_artifacts(model.model_id, str(saved))
    mlflow.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    mlflow.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
    _register_name(mlflow, model.name)
    entity = mlflow.create_model_version(
        model.name,
        source=f"models:/{model.model_id}",
        run_id=run_id,
        tags=run_values.tags(record),
        model_id=model.model_id,
        description=f"{record.manifest.model} trained on {record.name}",
    )
    registered = [{"name": model.name, "version": int(entity.version)}]
    mlflow.set_logged_model_tags(model.model_id, {VERSIONS_TAG: json.dumps(registered)})
    return int(entity.version)


def save_pyfunc(record: TrainingRecord, path: Path, *, run_id: str, model: LoggedModel) -> Path:
    """Write the pyfunc directory of the artifact to `path` (absent)."""
    from mlflow.models import Model
    from mlflow.pyfunc import save_model

    described = Model(
        artifact_path=model.artifact_location,
        run_id=run_id,
        model_uuid=model.model_id,
        model_id=model.model_id,
        metadata={"saldopas.format_version": record.manifest.format_version},
    )
    save_model(
        path=str(path),
        python_model=str(CODE),
        artifacts={ARTIFACT_KEY: str(record.artifact)},
        signature=signature(),
        input_example=input_example(record),
        pip_requirements=model_requirements(),
        mlflow_model=described,
    )
    _forget_paths(described, path)
    return path


def signature() -> Any:
    """Ids and maybe balances in, a long table of ranked courses out."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

    return ModelSignature(
        inputs=Schema(
            [
                ColSpec(DataType.string, c.PARTICIPANT_ID),
                ColSpec(DataType.long, c.BALANCE, required=False),
            ]
        ),
        outputs=Schema(
            [
                ColSpec(DataType.string, c.PARTICIPANT_ID),
                ColSpec(DataType.integer, c.RANK),
                ColSpec(DataType.string, c.COURSE_ID),
                ColSpec(DataType.float, c.SCORE),
                ColSpec(DataType.string, c.SOURCE),
            ]
        ),
        params=ParamSchema([ParamSpec("n", DataType.long, 5)]),
    )


def input_example(record: TrainingRecord) -> pd.DataFrame:
    """An invented id, with a balance that pays for every course."""
    balance = int(record.data.courses.price_rp.max())
    return pd.DataFrame({c.PARTICIPANT_ID: [NOBODY], c.BALANCE: [balance]})


def _forget_paths(described: Any, path: Path) -> None:
    """MLflow notes where artifact and code were copied from: paths of this machine."""
    flavor = described.flavors["python_function"]
    flavor["artifacts"][ARTIFACT_KEY]["uri"] = ""
    flavor["model_code_path"] = CODE.name
    described.save(str(path / "MLmodel"))


def _register_name(mlflow: MlflowClient, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        mlflow.create_registered_model(
            name, description="Courses that suit a participant and fit what is left of the balance."
        )
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def model_requirements() -> list[str]:
    """Requirements of the registered model, pinned to the installed minor versions."""
    return [f"{name}~={_minor(version(name))}.0" for name in PINNED]


def write_environment(directory: Path) -> None:
    """`requirements.txt` of everything installed, and `platform.json`."""
    directory.mkdir(parents=True)
    installed = {f"{found.name}=={found.version}" for found in distributions()}
    lines = sorted(installed, key=str.lower)
    (directory / "requirements.txt").write_text("\n".join(lines) + "\n", "utf-8")
    facts = {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": platform.system(),
        "libc": " ".join(platform.libc_ver()),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
    }
    (directory / "platform.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")


def _minor(full: str) -> str:
    return ".".join(full.split(".")[:2])
