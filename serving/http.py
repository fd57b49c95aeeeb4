"""The HTTP application: finds the route, refuses in one format, and logs and counts."""

from __future__ import annotations

from time import perf_counter
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from serving import metrics
from serving.errors import ApiError
from serving.loaded import ModelSlot
from serving.logs import LOG
from serving.route_table import RouteTable, all_routes
from serving.routes import REQUEST_ID, json_response
from serving.settings import Settings

QUIET = frozenset({"/livez", "/readyz", "/metrics"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNKNOWN = "unknown"


def create_app(slot: ModelSlot, settings: Settings) -> Application:
    """The application over the model in `slot`."""
    return Application(RouteTable(all_routes(slot, settings)), settings)


class Application:
    """A plain ASGI application: one look-up finds the handler, whose response is sent whole."""

    def __init__(self, table: RouteTable, settings: Settings) -> None:
        self._table = table
        self._log = settings.log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":  # a web socket: refused before it opens
            await send({"type": "websocket.close", "code": 1000})
            return
        started = perf_counter()
        request_id = scope[REQUEST_ID] = uuid4().hex
        response, route = await self._answer(scope, receive, send)
        response.raw_headers.append((b"x-request-id", request_id.encode()))
        await response(scope, receive, send)
        self._record(
            route, scope["method"], response.status_code, perf_counter() - started, request_id
        )

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> tuple[Response, str]:
        """The response, and the template of the route."""
        template = UNKNOWN
        try:
            path = scope["path"]
            raw_path = scope.get("raw_path") or path.encode()
            route, scope["path_params"] = self._table.find(scope["method"], path, raw_path)
            template = route.path
            return await route.handler(Request(scope, receive, send)), template
        except ApiError as error:
            return refused(error), template
        except Exception as error:  # noqa: BLE001 - a client gets an answer whatever fails
            return _failed(error, scope[REQUEST_ID]), template

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


def refused(error: ApiError) -> Response:
    """A refusal as it is sent."""
    headers = dict(error.headers or {})
    if error.status == 503:
        headers.setdefault("Retry-After", "5")
    return json_response(error.body, status=error.status, headers=headers)


def _failed(error: Exception, request_id: str) -> Response:
    """A fault of ours: its traceback goes to the log, never to the client."""
    message = f"the service failed; its log has the cause under request {request_id}"
    LOG.error("failed", request_id=request_id, exc_info=error)
    return json_response(ApiError(500, "failed", message).body, status=500)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
