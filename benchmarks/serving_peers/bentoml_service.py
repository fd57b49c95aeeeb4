"""A bare BentoML endpoint with its defaults; `bentoml serve` takes the class `S`."""

from __future__ import annotations

from typing import Any

import bentoml
from saldopas.serving.recommend.schemas import RecommendBody

from benchmarks.serving_peers.answering import answer, load


@bentoml.service(name="bare")
class S:
    """The service."""

    def __init__(self) -> None:
        self.model = load()

    @bentoml.api
    async def recommend(self, body: RecommendBody, /) -> dict[str, Any]:
        """The answer."""
        return answer(body, self.model)
