"""Configuration files: TOML read as a pydantic model, with options of the command line on top."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from saldopas.features.errors import DataError

Config = TypeVar("Config", bound=BaseModel)


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
