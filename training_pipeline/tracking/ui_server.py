"""MLflow's own pages on the store: one process on loopback, ready before its address is printed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass

from saldopas.training_pipeline.console import RunFailedError
from saldopas.training_pipeline.tracking import store
from saldopas.training_pipeline.tracking.registry import MODEL_NAME
from saldopas.training_pipeline.tracking.runs import VIEW

HOST = "127.0.0.1"
LOG = "ui.log"
WORKFLOW = "machine_learning"  # or MLflow opens with its pages for chats
READY_SECONDS = 180.0
POLL_SECONDS = 0.3


@dataclass(frozen=True)
class Pages:
    """Where to look: by name, the address."""

    home: str
    addresses: dict[str, str]


def pages(base: str) -> Pages:
    """Addresses of each dataset's runs and of the registered model, under `base`.

    Raises:
        RunFailedError: the store refuses.
    """
    mlflow = store.connect()
    with store.mlflow_errors():
        runs = {
            f"runs of {one.name}": f"{base}/#/experiments/{one.experiment_id}/runs"
            f"?viewStateShareKey={VIEW}&workflowType={WORKFLOW}"
            for one in mlflow.search_experiments()
            if f"mlflow.sharedViewState.{VIEW}" in one.tags
        }
    return Pages(
        base, {**runs, "versions": f"{base}/#/models/{MODEL_NAME}?workflowType={WORKFLOW}"}
    )


def start(port: int) -> subprocess.Popen[bytes]:
    """MLflow's server on the store, which has its tables already; what it says goes to `ui.log`.

    The address of the store goes through the environment: an argument, and a password in it, could
    be read by everybody on the machine.
    """
    environment = {
        **os.environ,
        **store.QUIET,
        "MLFLOW_BACKEND_STORE_URI": store.absolute_uri(),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    environment.pop("MLFLOW_TRACKING_URI", None)
    command = [sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port)]
    command += [
        "--workers",
        "1",
        "--default-artifact-root",
        str(store.home().resolve() / "artifacts"),
    ]
    store.home().mkdir(parents=True, exist_ok=True)
    with (store.home() / LOG).open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - no shell, our own arguments
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        )


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the server with the processes that it started; once it has ended, nothing happens."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    process.wait()


def wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    """Return once it answers.

    Raises:
        RunFailedError: it ended, or does not answer.
    """
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            told = f"mlflow server ended with code {process.returncode}"
            raise RunFailedError(f"{told}; see {store.home() / LOG}")
        if _answers(port):
            return
        time.sleep(POLL_SECONDS)
    raise RunFailedError(f"mlflow server does not answer on port {port}; see {store.home() / LOG}")


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
