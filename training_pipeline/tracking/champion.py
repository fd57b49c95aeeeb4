"""Every move of `champion`: its audit line and tag, and the lock that lets one move at a time."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from saldopas.training_pipeline.console import say
from saldopas.training_pipeline.gate.verdict import GateReport
from saldopas.training_pipeline.tracking import store
from saldopas.training_pipeline.tracking.registry import MODEL_NAME, every_version
from saldopas.training_pipeline.tracking.store import locked
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from mlflow import MlflowClient


AUDIT_FILE = "promotions.jsonl"
AUDIT_TAG = "saldopas.promotion"
LOCK_FILE = ".promotion.lock"  # in the store's directory
LOCK_KEY = 0x5A1D0  # of PostgreSQL's advisory lock


@dataclass(frozen=True)
class Promotion:
    """A move of `champion`; `from_version` is None for the first one.

    Attributes:
        action: `promote` or `rollback`; at: ISO 8601, UTC.
        overridden: rules of the gate that refused, where it was forced.
        report: the gate's verdicts; not part of the audit line. None where nobody was asked.
    """

    action: str
    from_version: int | None
    to_version: int
    who: str
    at: str
    reason: str | None
    forced: bool
    overridden: tuple[str, ...] = ()
    report: GateReport | None = field(default=None, compare=False)

    @property
    def changed(self) -> bool:
        """False where the version was the champion already."""
        return self.from_version != self.to_version

    def line(self) -> dict[str, Any]:
        """When, who, why, from and to."""
        return {name: value for name, value in asdict(self).items() if name != "report"}


def promotion(
    action: str,
    old: int | None,
    version: int,
    reason: str | None,
    *,
    forced: bool = False,
    report: GateReport | None = None,
) -> Promotion:
    """A move at this moment, by the user of this process."""
    return Promotion(
        action=action,
        from_version=old,
        to_version=version,
        who=_who(),
        at=datetime.now(UTC).isoformat(timespec="microseconds"),
        reason=reason,
        forced=forced,
        overridden=report.failed if report and forced else (),
        report=report,
    )


def write_audit(mlflow: MlflowClient, move: Promotion) -> None:
    """The line and the tag; both are on disk before anybody is told."""
    line = json.dumps(move.line())  # in ASCII: no character of a reason ends a line
    mlflow.set_model_version_tag(MODEL_NAME, str(move.to_version), AUDIT_TAG, line)
    with (store.home() / AUDIT_FILE).open("a+b") as file:
        whole = _ends_a_line(file)
        file.write((line if whole else "\n" + line).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def history() -> list[Promotion]:
    """Every move, oldest first.

    The file of this machine's store, and the last move to each version, which other machines of a
    shared store may have made.

    Raises:
        RunFailedError: the store refuses.
    """
    mlflow = store.connect()
    with store.mlflow_errors():
        tags = [entity.tags.get(AUDIT_TAG) for entity in every_version(mlflow)]
    file = store.home() / AUDIT_FILE
    text = file.read_bytes().decode("utf-8", errors="replace") if file.exists() else ""
    lines = [line for line in text.split("\n") if _is_whole(line)]
    elsewhere = sorted(
        {tag for tag in tags if tag} - set(lines), key=lambda tag: str(_read(tag).at)
    )
    return sorted((_read(line) for line in (*lines, *elsewhere)), key=lambda move: move.at)


def _ends_a_line(file: BinaryIO) -> bool:
    """Whether nothing was cut off at the end, as by a full disk."""
    if file.seek(0, os.SEEK_END) == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def _is_whole(line: str) -> bool:
    """Whether a line is a move; one that was cut off is told of and left out."""
    if not line:
        return False
    try:
        return isinstance(json.loads(line), dict)
    except json.JSONDecodeError:
        say(f"{AUDIT_FILE}: a line that was cut off is left out: {line[:60]!r}")
        return False


def _read(line: str) -> Promotion:
    """A line of this or an older release."""
    known = {one.name for one in fields(Promotion)}
    values = {name: value for name, value in json.loads(line).items() if name in known}
    return Promotion(**{**values, "overridden": tuple(values.get("overridden", ()))})


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return f"uid {os.getuid()}"


@contextmanager
def promotion_lock() -> Iterator[None]:
    """Hold it around aliases, verdicts and the audit; waits, and a killed holder frees it."""
    with locked(store.home() / LOCK_FILE), _shared_lock():
        yield


@contextmanager
def _shared_lock() -> Iterator[None]:
    """Of PostgreSQL alone: a SQLite file is of one machine, and a server hides its database."""
    if not store.absolute_uri().startswith("postgresql"):
        yield
        return
    engine = create_engine(make_url(store.absolute_uri()), poolclass=NullPool)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
        yield  # the lock ends with the connection
