"""What `GET /version` says of the model and of the code that serves it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from saldopas.serving.model.loaded import LoadedModel


def describe(model: LoadedModel) -> dict[str, Any]:
    """As `schemas.Version` describes it."""
    manifest = model.artifact.manifest
    return {
        "model_version": model.version,
        "model": manifest.model,
        "dataset": manifest.dataset.name,
        "cutoff": datetime.fromtimestamp(manifest.cutoff_s, UTC).isoformat(),
        "code_version": manifest.code_version,
        "service_version": service_version(),
        "artifact": model.fingerprint,
        "data": manifest.fingerprint,
        "stages": [
            {"source": stage.source, "model": stage.model} for stage in manifest.recipe.stages
        ],
    }


@cache
def service_version() -> str | None:
    """The installed release; None where the code runs without being installed."""
    try:
        return version("saldopas")
    except PackageNotFoundError:
        return None
