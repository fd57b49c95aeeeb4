"""Promote an artifact as training does."""

from __future__ import annotations

import json
from pathlib import Path


def promote(home: Path, artifact: Path, version: int) -> None:
    """As `saldopas.training_pipeline.tracking.champion` does: whole or not at all."""
    beside = home / ".pointer"
    beside.write_text(json.dumps({"artifact": str(artifact), "version": version}))
    beside.replace(home / "champion.json")
