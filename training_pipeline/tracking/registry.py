"""The registered model, as the commands use it."""

from training_pipeline.tracking.locate import resolve
from training_pipeline.tracking.promotion import Promotion, promote, publish_champion, rollback
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
    "ModelNotFoundError",
    "Promotion",
    "VersionInfo",
    "newest_version",
    "promote",
    "publish_champion",
    "resolve",
    "rollback",
    "versions",
]
