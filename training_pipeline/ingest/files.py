"""Files in and out: configurations, output paths, and datasets that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset_config import FILE_NAME

SUFFIXES = (".parquet", ".csv")
DATASET_FILES = frozenset({FILE_NAME, *(f"{t}{suffix}" for t in c.TABLES for suffix in SUFFIXES)})
Config = TypeVar("Config", bound=BaseModel)


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


def refuse_if_in_the_way(out: Path, *, overwrite: bool) -> None:
    """Refuse a directory that holds anything; with `overwrite`, anything but a dataset.

    Raises:
        DataError: `out` holds something that may not be replaced.
    """
    if not out.exists() and not out.is_symlink():
        return
    if out.is_symlink() or not out.is_dir():
        raise DataError(f"{out} is not a directory", remedy="give another --out")
    found = sorted(path.name for path in out.iterdir())
    strangers = [name for name in found if name not in DATASET_FILES]
    if overwrite and strangers:
        raise DataError(
            f"{out} holds {strangers[0]}, which is no part of a data set",
            remedy="give another --out",
        )
    if found and not overwrite:
        raise DataError(f"{out} is not empty", remedy="give another --out, or --overwrite")


@contextmanager
def new_dataset(out: Path, *, overwrite: bool) -> Iterator[Path]:
    """An empty directory beside `out`, which takes its place when the block ends.

    Raises:
        DataError: see `refuse_if_in_the_way`.
    """
    refuse_if_in_the_way(out, overwrite=overwrite)
    out = out.absolute()
    out.parent.mkdir(parents=True, exist_ok=True)
    partial, replaced = (out.with_name(f".{out.name}.{os.getpid()}.{k}") for k in ("new", "old"))
    partial.mkdir()
    try:
        yield partial
        if out.exists():
            out.rename(replaced)
        partial.rename(out)
    finally:
        if replaced.exists() and not out.exists():
            replaced.rename(out)
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)


def _refused(out: Path, error: OSError) -> DataError:
    return DataError(f"--out {out} cannot be made ({error.strerror})", remedy="name another place")


def read_toml(path: Path | None) -> dict[str, Any]:
    """The tables of a TOML file; nothing without one.

    Raises:
        DataError: there is no such file, or it is not TOML.
    """
    try:
        return {} if path is None else tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(
            f"cannot read {path}: {error.strerror}", remedy="give a readable TOML file"
        ) from error
    except ValueError as error:
        raise DataError(f"{path} is not TOML: {error}", remedy="mend it") from error


def validated(
    kind: type[Config],
    values: Mapping[str, Any],
    *,
    path: Path | None,
    remedy: str,
    table: tuple[str, ...] = (),
) -> Config:
    """`values` as a configuration.

    Args:
        kind: the model; values: of the file at `path`, or the defaults, and of the command line.
        path: named in errors; remedy: says where the keys are described.
        table: of the file that `values` are of.

    Raises:
        DataError: a key is unknown, or its value is out of range.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = "defaults" if path is None else path.name
        key = ".".join((*table, *(str(part) for part in first["loc"])))
        told = f"{name}, {key}" if key else name
        raise DataError(f"{told}: {first['msg']}", remedy=remedy) from error
