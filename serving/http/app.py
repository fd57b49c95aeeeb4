"""The ASGI application: Starlette's routes inside CORS, request ids, headers, log and metrics."""

from __future__ import annotations

import re
from collections.abc import Sequence
from time import perf_counter

from saldopas.serving.events.routes import EventRoutes
from saldopas.serving.explain.explain import ExplainRoutes
from saldopas.serving.explain.similar import SimilarRoutes
from saldopas.serving.http import metrics
from saldopas.serving.http.docs import DocsRoutes
from saldopas.serving.http.errors import ApiError, error_response
from saldopas.serving.http.keys import KeyRing, keys_of
from saldopas.serving.http.limits import Bound
from saldopas.serving.http.logs import LOG
from saldopas.serving.http.operations import REQUEST_ID, ROUTE, Guard, Operation, new_request_id
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import ModelSlot
from saldopas.serving.model.routes import ProbeRoutes
from saldopas.serving.page.routes import PageRoutes
from saldopas.serving.participants.routes import ParticipantRoutes
from saldopas.serving.plan.routes import PlanRoutes
from saldopas.serving.recommend.routes import RecommendRoutes
from saldopas.serving.store.desk import StoreDesk
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

API_POLICY = "default-src 'none'; frame-ancestors 'none'"
ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": API_POLICY,
    "cache-control": "no-store",
}
CALLER_HEADERS = ("Authorization", "Content-Type", "X-API-Key", "X-Request-ID")
EXPOSED_HEADERS = ("X-Request-ID", "Retry-After")
CORS_METHODS = ("GET", "POST", "DELETE")
UNKNOWN_ROUTE = "unknown"
QUIET_ROUTES = frozenset({"/livez", "/readyz", "/metrics"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SANE_ID = re.compile(rb"(?=[0-9]*[A-Za-z-])[A-Za-z0-9-]{16,64}")  # digits alone may be a NIK


def create_app(
    slot: ModelSlot,
    settings: Settings,
    keys: KeyRing | None = None,
    desk: StoreDesk | None = None,
) -> ASGIApp:
    """Build the application over the model in `slot` and the store at `desk`.

    Args:
        slot: holds the served model.
        settings: limits, origins, headers.
        keys: API keys; None reads them from `settings`.
        desk: the store; None: one that is not opened.
    """
    guard = Guard.of(
        settings, keys or keys_of(settings), Bound(settings.max_in_flight, "in_flight")
    )
    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=CORS_METHODS,
        allow_headers=CALLER_HEADERS,
        expose_headers=EXPOSED_HEADERS,
        max_age=600,
    )
    app = Starlette(
        routes=guard.routes(operations(slot, settings, desk or StoreDesk(settings))),
        middleware=[Middleware(RequestRecord, settings=settings)]
        + ([cors] if settings.cors_origins else []),
        exception_handlers={HTTPException: _no_route},
    )
    app.router.redirect_slashes = False
    return app


def operations(slot: ModelSlot, settings: Settings, desk: StoreDesk) -> list[Operation]:
    """Return every operation; each folder of a capability declares its own."""
    described: Sequence[Operation] = [
        *RecommendRoutes(slot, settings, desk).operations,
        *PlanRoutes(slot, settings, desk).operations,
        *ExplainRoutes(slot, settings, desk).operations,
        *SimilarRoutes(slot).operations,
        *EventRoutes(slot, settings, desk).operations,
        *ParticipantRoutes(slot, desk).operations,
        *ProbeRoutes(slot, settings, desk).operations,
        *PageRoutes(slot, settings).operations,
    ]
    return [*described, *DocsRoutes(described, settings).operations]


class RequestRecord:
    """Middleware: name every request, complete the headers of its response, log and count it."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        always = dict(ALWAYS)
        if settings.hsts_s:
            always["strict-transport-security"] = f"max-age={settings.hsts_s}"
        self._app = app
        self._always = [(name.encode(), value.encode()) for name, value in always.items()]
        self._log = settings.log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = perf_counter(), 0
        request_id = scope[REQUEST_ID] = new_request_id()
        client_id = _client_id(scope)
        shown_id = (client_id or request_id).encode()

        async def send_complete(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"]
                present = {name for name, _ in headers}
                headers.extend(pair for pair in self._always if pair[0] not in present)
                headers.append((b"x-request-id", shown_id))
            await send(message)

        await self._app(scope, receive, send_complete)
        seconds = perf_counter() - started
        route = scope.get(ROUTE, UNKNOWN_ROUTE)
        method = scope["method"] if scope["method"] in METHODS else "other"
        count, duration = metrics.of_request(route, method, status)
        count.inc()
        duration.observe(seconds)
        if self._log and route not in QUIET_ROUTES:
            line = {"route": route, "method": method, "status": status}
            line |= {"ms": round(seconds * 1_000, 2), "request_id": request_id}
            LOG.info("request", **line, **({"client_request_id": client_id} if client_id else {}))


def _client_id(scope: Scope) -> str | None:
    """Return the request's own `X-Request-ID`, where it is a sane one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and SANE_ID.fullmatch(value):
            return str(value.decode())
    return None


async def _no_route(_: Request, error: Exception) -> Response:
    """Answer 404 or 405 in the format of every refusal."""
    if isinstance(error, HTTPException) and error.status_code == 405:
        message = "this route does not take this method; see /docs.json"
        methods = sorted((error.headers or {}).get("Allow", "").split(", "))  # Starlette: a set
        headers = {"Allow": ", ".join(methods)}
        return error_response(ApiError(405, "method_not_allowed", message, headers=headers))
    return error_response(ApiError(404, "not_found", "there is no such route; see /docs.json"))
