"""Can something be written at `--out`? Asked before the work, not after it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from saldopas.features.errors import DataError

SUFFIXES = (".parquet", ".csv")


def check_table_path(out: Path) -> None:
    """For a table in one file.

    Raises:
        DataError: of which kind it is cannot be told, it is a directory, or nothing can be made
            there.
    """
    if out.suffix not in SUFFIXES:
        raise DataError(f"{out}: unknown kind of file", remedy="end --out in .parquet or .csv")
    try:
        check_file("--out", out)
    except OSError as error:
        raise _refused(out, error) from error
    check_room(out)


def check_room(out: Path) -> None:
    """Whether a file or directory can be made at `out`: a trial in the nearest directory above.

    Raises:
        DataError: it cannot.
    """
    try:
        nearest = next(one for one in out.absolute().parents if one.exists())
        with tempfile.TemporaryFile(dir=nearest):  # root may write anywhere, and yet not in /proc
            pass
    except OSError as error:
        raise _refused(out, error) from error


def check_file(option: str, path: Path) -> None:
    """Before the work: can a file be written there?

    Raises:
        DataError: it is a directory, or there is no right to write.
    """
    if path.is_dir():
        raise DataError(f"{option} {path} is a directory", remedy="name a file in it")
    check_writable(option, path)


def check_writable(option: str, path: Path) -> None:
    """Whether the path, or the nearest directory above it, may be written."""
    nearest = next(one for one in (path, *path.absolute().parents) if one.exists())
    if nearest != path and not nearest.is_dir():
        raise DataError(f"{option} {path}: {nearest} is a file", remedy="name another place")
    if not os.access(nearest, os.W_OK):
        raise DataError(f"{option} {path} may not be written", remedy="name another place")


def _refused(out: Path, error: OSError) -> DataError:
    return DataError(f"--out {out} cannot be made ({error.strerror})", remedy="name another place")
