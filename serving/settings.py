"""What an operator can set: environment variables that start with `SALDOPAS_`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 2**20


class Settings(BaseSettings):
    """Read once, when the service starts; `SALDOPAS_ARTIFACT` sets `artifact`, and so on."""

    model_config = SettingsConfigDict(env_prefix="SALDOPAS_", frozen=True)

    artifact: Path | None = Field(
        default=None, description="directory of the artifact to serve; else the champion's"
    )
    champion: Path = Field(
        default=Path("mlruns/champion.json"), description="file that names the champion"
    )
    model_version: str | None = Field(
        default=None, min_length=1, description="version shown for `artifact`"
    )
    max_body_bytes: int = Field(default=MIB, ge=1_024)
    max_batch_body_bytes: int = Field(default=16 * MIB, ge=1_024)
    workers: int = Field(default=1, ge=1, le=64)
    timeout_s: float = Field(default=60, gt=0, description="then the answer is 504")
    url: str | None = Field(default=None, description="shown when ready; `saldopas serve` sets it")
    log_requests: bool = Field(default=True, description="one JSON line a request")


def read_settings() -> Settings:
    """The settings of this environment.

    Raises:
        SystemExit: a variable is out of its range; its text is one line for a person.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"SALDOPAS_{first['loc'][0]}".upper()
        raise SystemExit(f"saldopas: {name}: {first['msg']}") from error
