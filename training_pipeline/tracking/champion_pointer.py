"""`champion.json`: what a running service watches, so that it needs no MLflow."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from saldopas.training_pipeline.console import RunFailedError
from saldopas.training_pipeline.tracking import store

POINTER = "champion.json"


def read_pointer() -> tuple[Path, int] | None:
    """The champion's artifact directory and version; None where nothing was promoted here.

    Raises:
        RunFailedError: the file is not a pointer.
    """
    file = pointer_file()
    try:
        found = json.loads(file.read_text("utf-8"))
        return (file.parent / found["artifact"]).resolve(), int(found["version"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise RunFailedError(f"{file}: not a champion pointer; promote a model again") from error


def pointer_file() -> Path:
    """Where the pointer lies: beside the tracking store's database."""
    return store.home() / POINTER


def write_pointer(artifact: Path, version: int) -> Path:
    """Name `artifact` as the champion, whole or not at all.

    The path is relative to the file where the artifact lies in the store, so that the store may be
    moved or mounted elsewhere; what was downloaded from a server is named absolutely.
    """
    home, target = store.home().resolve(), artifact.resolve()
    where = target.relative_to(home) if target.is_relative_to(home) else target
    text = json.dumps({"artifact": str(where), "version": version}) + "\n"
    home.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=f".{POINTER}-", dir=home)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(beside).chmod(0o644)
    return Path(beside).replace(home / POINTER)
