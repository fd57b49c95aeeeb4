"""`dataset.toml`: currency, time zone, scheme and profile columns, every key with a default."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from saldopas.features.errors import DataError
from saldopas.features.scheme import SCHEMES, Scheme
from saldopas.features.tables import columns as c

FILE_NAME = "dataset.toml"
UNNAMED = "dataset"  # the name of data that has none


class Frozen(BaseModel):
    """Base of every configuration: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Categorical(Frozen):
    """A profile column whose distinct texts are tokens; rare ones share the token `other`."""

    kind: Literal["categorical"] = "categorical"
    min_count: int = Field(default=20, ge=1)


class Banded(Frozen):
    """A numeric profile column cut at `edges`: value v is in the band [edge_k, edge_k+1)."""

    kind: Literal["banded"]
    edges: tuple[float, ...] = Field(min_length=1)

    @field_validator("edges")
    @classmethod
    def _ascending(cls, edges: tuple[float, ...]) -> tuple[float, ...]:
        if list(edges) != sorted(set(edges)):
            raise ValueError("edges must be ascending and distinct")
        return edges


class Numeric(Frozen):
    """A numeric profile column cut into `bands` quantile bands, learned on the training part."""

    kind: Literal["numeric"]
    bands: int = Field(default=5, ge=2, le=50)


ProfileColumn = Annotated[Categorical | Banded | Numeric, Field(discriminator="kind")]


class Eligibility(Frozen):
    """Which profile columns `min_age` and `min_education` are compared with."""

    age_column: str = "age"
    education_column: str = "education"
    education_order: tuple[str, ...] = ("SD", "SMP", "SMA", "Diploma", "Sarjana")


class DatasetConfig(Frozen):
    """What a dataset says of itself; see `docs/data-contract.md`."""

    name: str = Field(default=UNNAMED, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    currency: str = "IDR"
    timezone: str = "Asia/Jakarta"
    scheme: str = "none"
    profile: dict[str, ProfileColumn] | None = None  # None: every extra column, kinds guessed
    sensitive: tuple[str, ...] = ("disability", "finance", "income")
    eligibility: Eligibility = Eligibility()
    dates_are_order_only: bool = False
    as_of: Literal["cutoff", "now"] = "cutoff"  # the moment of a request that names none
    description: str = ""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"unknown time zone {zone!r}") from error
        return zone

    @field_validator("profile")
    @classmethod
    def _no_own_columns(cls, profile: dict[str, Any] | None) -> dict[str, Any] | None:
        own = {c.PARTICIPANT_ID, c.ANNOUNCED_AT, c.BALANCE, c.OPTED_OUT}
        if named := own & set(profile or ()):
            raise ValueError(f"{min(named)} is no profile column")
        return profile

    @field_validator("scheme")
    @classmethod
    def _known_scheme(cls, scheme: str) -> str:
        if scheme not in SCHEMES:
            raise ValueError(f"unknown scheme {scheme!r}: use one of {', '.join(SCHEMES)}")
        return scheme

    @property
    def rules(self) -> Scheme:
        """The scheme's typed rules."""
        return SCHEMES[self.scheme]


def read_dataset_config(path: Path) -> DatasetConfig:
    """The configuration in `path`, or every default where there is no such file.

    Raises:
        DataError: the file is not TOML, or a key is unknown or out of its range.
    """
    if not path.exists():
        return DatasetConfig()
    try:
        return DatasetConfig.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"not a TOML file: {error}", table=FILE_NAME, remedy="mend it") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise DataError(
            first["msg"], table=FILE_NAME, column=key, remedy="see docs/data-contract.md"
        ) from error
