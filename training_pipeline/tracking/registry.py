"""The registered model, as the commands use it."""

from training_pipeline.gate.judge import GateInput
from training_pipeline.tracking.audit import Promotion, history
from training_pipeline.tracking.gate_verdicts import judge
from training_pipeline.tracking.locate import resolve
from training_pipeline.tracking.promotion import (
    GateRefusedError,
    promote,
    publish_champion,
    rollback,
)
from training_pipeline.tracking.versions import (
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
