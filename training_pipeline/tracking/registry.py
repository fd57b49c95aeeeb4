"""The registered model, as the commands use it."""

from training_pipeline.tracking.locate import resolve
from training_pipeline.tracking.promotion import Promotion, promote, rollback
from training_pipeline.tracking.versions import (
    CHALLENGER,
    CHAMPION,
    MODEL_NAME,
    PREVIOUS,
    ModelNotFoundError,
    VersionInfo,
    versions,
)

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "MODEL_NAME",
    "PREVIOUS",
    "ModelNotFoundError",
    "Promotion",
    "VersionInfo",
    "promote",
    "resolve",
    "rollback",
    "versions",
]
