"""What an operator can set: environment variables that start with `SALDOPAS_`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

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
    timeout_s: float = Field(
        default=10, gt=0, description="then the answer is 504, or 408 while the body is on its way"
    )
    keys_file: Path | None = Field(
        default=None, description="hashes of API keys; without it only this machine is answered"
    )
    open_metrics: bool = Field(default=True, description="/metrics without a key of scope admin")
    rate_per_s: float = Field(default=1_000, gt=0, description="requests a key, in each worker")
    rate_burst: int = Field(default=2_000, ge=1, description="requests a key may send at once")
    max_in_flight: int = Field(default=128, ge=1, description="accepted at a time in each worker")
    max_batches: int = Field(default=4, ge=1, description="of them batches")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="origins whose pages may call, with commas between them"
    )
    frame_ancestors: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="origins that may show the page in a frame"
    )
    hsts_s: int = Field(default=0, ge=0, description="Strict-Transport-Security; 0: not sent")
    poll_s: float = Field(default=0.5, gt=0, description="how often the champion is looked up")
    store: str | None = Field(
        default=None, description="URL of the store; without it the artifact's snapshot is all"
    )
    store_timeout_ms: int = Field(
        default=50, ge=1, le=10_000, description="a look-up's; then the answer is degraded"
    )
    log_served: bool = Field(default=True, description="served lists go to the store")
    url: str | None = Field(default=None, description="shown when ready; `saldopas serve` sets it")
    log_requests: bool = Field(default=True, description="one JSON line a request")

    @field_validator("cors_origins", "frame_ancestors", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("cors_origins", "frame_ancestors")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not re.fullmatch(r"https?://[^/\s*;]+", origin):
                raise ValueError("write origins such as https://dashboard.example, never *")
        return value


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
