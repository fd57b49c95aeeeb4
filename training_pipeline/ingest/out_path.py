"""Can something be written at `--out`? Asked before the work, not after it."""

from __future__ import annotations

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
    from saldopas.training_pipeline.evaluating.exports import (
        check_file,  # loads models; `sample` has none
    )

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


def _refused(out: Path, error: OSError) -> DataError:
    return DataError(f"--out {out} cannot be made ({error.strerror})", remedy="name another place")
