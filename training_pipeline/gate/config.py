"""How strict the gate is: `[gate]` of a training's TOML, every key with a default."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import Field, ValidationError
from saldopas.features.errors import DataError
from saldopas.features.tables.dataset_config import Frozen
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig


class GateConfig(Frozen):
    """What a challenger must keep of the champion's figures, and what counts as a gain.

    `segments` are columns as in `saldopas evaluate --by`; None: history length and every profile
    column that `dataset.toml` declares; none at all: the rule is off, and says so.
    """

    margin: float = Field(
        default=0.05, ge=0, lt=1, description="share of the main metric whose loss is excluded"
    )
    balance_margin: float = Field(
        default=0.02, ge=0, lt=1, description="share of the used balance whose loss is excluded"
    )
    segments: tuple[str, ...] | None = None
    segment_share: float = Field(
        default=0.9, ge=0, le=1, description="floor of a segment, of the champion's value there"
    )
    segment_level: float = Field(
        default=0.99, gt=0.5, lt=1, description="how sure it is that a segment is under its floor"
    )
    latency_ms: float = Field(default=10.0, gt=0, description="nobody may take more")
    unnoticed_ms: float = Field(default=0.5, ge=0, description="up to this nobody is too slow")
    slower: float = Field(default=2.0, ge=1, description="times the champion, above unnoticed_ms")
    requests: int = Field(default=300, ge=20, description="single requests that are timed")
    cheaper: float = Field(
        default=0.8, gt=0, lt=1, description="share of time or size from which it is cheaper"
    )
    least_gain: float = Field(
        default=0.01, ge=0, lt=1, description="share of a metric from which it is better"
    )
    newer: bool = Field(default=True, description="whether newer data is a gain by itself")
    shared_courses: float = Field(
        default=0.5, gt=0, le=1, description="of the champion's courses, or it is not compared"
    )
    evaluation: EvaluationConfig = EvaluationConfig()


def read_gate_config(path: Path | None) -> GateConfig:
    """The table `gate` of a TOML file; other tables are not looked at.

    Raises:
        DataError: no such file, not TOML, an unknown key or a value out of its range.
    """
    if path is None:
        return GateConfig()
    try:
        return GateConfig.model_validate(tomllib.loads(path.read_text("utf-8")).get("gate", {}))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}", remedy="give a readable TOML file") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(("gate", *(str(part) for part in first["loc"])))
        raise DataError(
            f"{path.name}, {key}: {first['msg']}", remedy="see docs/tracking.md for the keys"
        ) from error
    except ValueError as error:
        raise DataError(f"{path.name} is not TOML: {error}", remedy="mend it") from error
