"""Where runs and models are kept, and the one way to open it."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from saldopas.training_pipeline.console import RunFailedError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

if TYPE_CHECKING:
    from mlflow import MlflowClient


HOME = Path("mlruns")
DEFAULT_URI = f"sqlite:///{HOME}/mlflow.db"
KINDS = ("sqlite", "postgresql", "mysql", "mssql", "http", "https")
QUIET = {
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # standard output is for --json
    "MLFLOW_UV_AUTO_DETECT": "false",  # or a uv project in the working directory is copied along
    "MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # or a server that is down is noticed after minutes
}


def tracking_uri() -> str:
    """`MLFLOW_TRACKING_URI`, or a SQLite file below the working directory."""
    return os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_URI


def absolute_uri() -> str:
    """MLflow keeps an open store by its address, whatever the working directory is by then."""
    if is_server():
        return tracking_uri()
    url = make_url(tracking_uri())
    if url.get_backend_name() == "sqlite" and url.database:
        url = url.set(database=str(Path(url.database).resolve()))
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)


def is_server() -> bool:
    """Whether an MLflow server keeps the store (it then says where artifacts go)."""
    return tracking_uri().startswith(("http://", "https://"))


def is_local() -> bool:
    """Whether a SQLite file is the store, so that `home` sees every promotion."""
    return make_url(tracking_uri()).get_backend_name() == "sqlite"


def home() -> Path:
    """Directory of locks, `promotions.jsonl` and artifacts: that of the SQLite file, or mlruns."""
    url = make_url(tracking_uri())
    if url.get_backend_name() == "sqlite" and url.database:
        return Path(url.database).parent
    return HOME


def store_name() -> str:
    """The store as a message may show it, without a password."""
    return make_url(tracking_uri()).render_as_string(hide_password=True)


def connect() -> MlflowClient:
    """A client of the store, which has the schema that this release of MLflow needs.

    Raises:
        RunFailedError: the address is none that MLflow can use, or the store does not open.
    """
    _refuse_nonsense()
    _be_quiet()
    with mlflow_errors():
        from mlflow import MlflowClient

        uri = absolute_uri()
        if not is_server():
            with locked(home() / ".schema.lock"):
                _prepare_schema(uri)
        _set_globally(uri)
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        if is_server():
            client.search_experiments(max_results=1)  # or nobody notices before a training is done
        return client


@contextmanager
def mlflow_errors() -> Iterator[None]:
    """Turn errors of MLflow and its database into a `RunFailedError` of one line."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError) as error:
        first = str(error).strip().splitlines()[0]
        if "Max retries exceeded" in first:
            first = "no answer; is the server running?"
        raise RunFailedError(f"tracking store {store_name()}: {first}") from error


def _refuse_nonsense() -> None:
    try:
        known = make_url(tracking_uri()).get_backend_name() in KINDS
    except ArgumentError:
        known = False
    if not known:
        raise RunFailedError(
            "MLFLOW_TRACKING_URI is no address of a tracking store: use sqlite:///FILE, "
            "postgresql://..., or http://... of an MLflow server"
        )


def _set_globally(uri: str) -> None:
    """MLflow's registry looks models up at the global address; the environment stays as it was."""
    import mlflow

    given = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    if given is None:
        os.environ.pop("MLFLOW_TRACKING_URI", None)
    else:
        os.environ["MLFLOW_TRACKING_URI"] = given


def _be_quiet() -> None:
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import mlflow  # noqa: F401 - sets its own log level, once, so ours comes after

    for logger in ("mlflow", "alembic"):
        logging.getLogger(logger).setLevel(logging.ERROR)


def _prepare_schema(uri: str) -> None:
    """Make the tables, or migrate those of an older MLflow (a SQLite file is copied first)."""
    from alembic.migration import MigrationContext
    from mlflow.db import commands as database
    from mlflow.store.db.utils import create_sqlalchemy_engine_with_retry

    engine = create_sqlalchemy_engine_with_retry(uri)
    try:
        with engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    if found == _latest_revision():
        return
    url = make_url(uri)
    if found is not None and url.get_backend_name() == "sqlite" and url.database:
        shutil.copy2(url.database, f"{url.database}.{found}.bak")
    database.main(["upgrade", uri], prog_name="mlflow db", standalone_mode=False)


@cache
def _latest_revision() -> str | None:
    """The newest of MLflow's migrations, which are an Alembic directory of the package."""
    import mlflow
    from alembic.script import ScriptDirectory

    migrations = Path(mlflow.__file__).parent / "store" / "db_migrations"
    return ScriptDirectory(str(migrations)).get_current_head()


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock of `path` (made where it is absent); a killed holder frees it.

    Raises:
        BlockingIOError: another process holds it, and `wait` is False.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
