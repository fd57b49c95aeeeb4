"""The registered model, as the commands use it."""

from saldopas.training_pipeline.gate.judge import GateInput
from saldopas.training_pipeline.tracking.audit import Promotion, history
from saldopas.training_pipeline.tracking.gate_verdicts import judge
from saldopas.training_pipeline.tracking.locate import resolve
from saldopas.training_pipeline.tracking.promotion import (
    GateRefusedError,
    promote,
    publish_champion,
    rollback,
)
from saldopas.training_pipeline.tracking.versions import (
    CHALLENGER,
    CHAMPION,
    MODEL_NAME,
    PREVIOUS,
    ModelNotFoundError,
    VersionInfo,
    newest_version,
    versions,
)

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "MODEL_NAME",
    "PREVIOUS",
    "GateInput",
    "GateRefusedError",
    "ModelNotFoundError",
    "Promotion",
    "VersionInfo",
    "history",
    "judge",
    "newest_version",
    "promote",
    "publish_champion",
    "resolve",
    "rollback",
    "versions",
]
