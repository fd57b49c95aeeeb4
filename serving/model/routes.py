"""Probes, `/version` and `/metrics`."""

from __future__ import annotations

from saldopas.serving.http import metrics
from saldopas.serving.http.bodies import json_response
from saldopas.serving.http.openapi import PlainText
from saldopas.serving.http.operations import Described, KeyScope, Operation
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import ModelSlot, describe
from saldopas.serving.recommend.schemas import Health, Version
from saldopas.serving.store.desk import StoreDesk
from starlette.requests import Request
from starlette.responses import Response


class ProbeRoutes:
    """The handlers; one object a process."""

    def __init__(self, slot: ModelSlot, settings: Settings, desk: StoreDesk) -> None:
        self._slot = slot
        self._desk = desk
        scopes: tuple[KeyScope, ...] = () if settings.open_metrics else ("admin",)
        self.operations = (
            Operation("GET", "/version", self.version, described=VERSION_TEXT),
            Operation("GET", "/livez", self.livez, described=LIVEZ, counts_as_load=False),
            Operation("GET", "/readyz", self.readyz, described=READYZ, counts_as_load=False),
            Operation(
                "GET", "/metrics", self.metrics, scopes, described=METRICS, counts_as_load=False
            ),
        )

    async def version(self, request: Request) -> Response:
        """Return what is served."""
        return json_response(describe(self._slot.ready))

    async def livez(self, request: Request) -> Response:
        """Return 200 as long as the process answers."""
        return json_response({"status": "alive"})

    async def readyz(self, request: Request) -> Response:
        """Return 200 once a verified artifact is loaded."""
        _ = self._slot.ready
        store = self._desk.state
        return json_response({"status": "ready"} | ({} if store is None else {"store": store}))

    async def metrics(self, request: Request) -> Response:
        """Return the metrics of all workers for Prometheus."""
        return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)


VERSION_TEXT = Described(
    "What is served",
    "The model, the data it learned from and the code that serves it.",
    Version,
)
LIVEZ = Described(
    "The process answers",
    "200 for as long as it does, with or without a model.",
    Health,
    errors=(),
)
READYZ = Described(
    "A verified model is loaded",
    "200 once it is, else 503 with the reason.",
    Health,
)
METRICS = Described("For Prometheus", "Metrics of all workers.", PlainText, errors=())
