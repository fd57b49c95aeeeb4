"""What the peers answer: our request, policy and answer code, nothing of our HTTP."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from saldopas.serving.model.loaded import Located
from saldopas.serving.model.loaded import LoadedModel, load_model
from saldopas.serving.recommend.answers import answer_all
from saldopas.serving.recommend.schemas import RecommendBody

ARTIFACT = "SALDOPAS_ARTIFACT"


def load() -> LoadedModel:
    return load_model(Located(Path(os.environ[ARTIFACT]), "benchmark"))


def answer(body: RecommendBody, model: LoadedModel) -> dict[str, Any]:
    return answer_all([body], model, request_ids=["benchmark"], now_s=0)[0]
