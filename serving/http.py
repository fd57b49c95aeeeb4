"""The HTTP application: routes, the error format, and what is logged and counted."""

from __future__ import annotations

from time import perf_counter
from uuid import uuid4

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving import metrics
from serving.errors import ApiError
from serving.loaded import ModelSlot
from serving.logs import LOG
from serving.routes import REQUEST_ID, Routes, json_response
from serving.settings import Settings

ROUTE = "saldopas.route"  # key of the ASGI scope: the route's template, or None
QUIET = frozenset({"/livez", "/readyz", "/metrics"})


def create_app(slot: ModelSlot, settings: Settings) -> ASGIApp:
    """The application over the model in `slot`."""
    handlers = Routes(slot, settings)
    routes = [
        Route("/recommend", handlers.recommend, methods=["POST"]),
        Route("/recommend_batch", handlers.recommend_batch, methods=["POST"]),
        Route("/version", handlers.version),
        Route("/livez", handlers.livez),
        Route("/readyz", handlers.readyz),
        Route("/metrics", handlers.metrics),
        Route("/docs.json", handlers.docs),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={
            ApiError: _refused,
            HTTPException: _unrouted,
            Exception: _failed,
        },
    )
    app.router.redirect_slashes = False
    return Observed(app, {route.endpoint: route.path for route in routes}, settings)


class Observed:
    """Names each request, times it, counts it and logs it by its route's template.

    (A plain ASGI application: BentoML would pass what it does not know on to its own routes.)
    """

    def __init__(self, app: Starlette, templates: dict[object, str], settings: Settings) -> None:
        self._app = app
        self._templates = templates
        self._log = settings.log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        request_id = scope[REQUEST_ID] = uuid4().hex
        status = 0

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", request_id.encode()))
            await send(message)

        try:
            await self._app(scope, receive, named)
        except Exception:
            if status == 0:  # else the client has its answer and the log the cause, see `_failed`
                raise
        finally:
            route = self._templates.get(scope.get("endpoint"), "unknown")
            self._record(
                route, scope["method"], status or 500, perf_counter() - started, request_id
            )

    def _record(
        self, route: str, method: str, status: int, seconds: float, request_id: str
    ) -> None:
        method = method if method in METHODS else "other"
        metrics.REQUESTS.labels(route, method, status).inc()
        metrics.DURATION.labels(route).observe(seconds)
        if self._log and route not in QUIET:
            LOG.info(
                "request",
                route=route,
                method=method,
                status=status,
                ms=round(seconds * 1_000, 2),
                request_id=request_id,
            )


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNROUTED = {
    404: ("not_found", "there is no such route; see /docs.json"),
    405: ("method_not_allowed", "this route does not take this method; see /docs.json"),
}


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    headers = {"Retry-After": "5"} if error.status == 503 else None
    return json_response(error.body, status=error.status, headers=headers)


async def _unrouted(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code, message = UNROUTED.get(error.status_code, ("refused", "the request was refused"))
    body = ApiError(error.status_code, code, message).body
    return json_response(body, status=error.status_code, headers=error.headers)


async def _failed(request: Request, error: Exception) -> Response:
    """A fault of ours: its traceback goes to the log, never to the client."""
    request_id = request.scope.get(REQUEST_ID)
    message = f"the service failed; its log has the cause under request {request_id}"
    LOG.error("failed", request_id=request_id, exc_info=error)
    return json_response(ApiError(500, "failed", message).body, status=500)
