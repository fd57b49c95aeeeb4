"""The HTTP application: finds the route, lets in or refuses in one format, logs and counts."""

from __future__ import annotations

import asyncio
import re
import traceback
from time import perf_counter

from saldopas.serving.http import metrics
from saldopas.serving.http.errors import ApiError
from saldopas.serving.http.headers import ResponseHeaders, preflight
from saldopas.serving.http.json_body import READING
from saldopas.serving.http.keys import KeyRing, keys_of
from saldopas.serving.http.limits import Bound, Rates
from saldopas.serving.http.logs import LOG
from saldopas.serving.http.request_ids import new_request_id
from saldopas.serving.http.route_table import RouteTable, Served, all_routes
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import ModelSlot
from saldopas.serving.recommend.routes import REQUEST_ID, json_response
from saldopas.serving.store.desk import StoreDesk
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

QUIET = frozenset({"/livez", "/readyz", "/metrics"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNKNOWN = "unknown"
SANE_ID = re.compile(rb"(?=[0-9]*[A-Za-z-])[A-Za-z0-9-]{16,64}")  # digits alone may be a NIK


def create_app(
    slot: ModelSlot,
    settings: Settings,
    keys: KeyRing | None = None,
    desk: StoreDesk | None = None,
) -> Application:
    """The application over the model in `slot` and the store at `desk`, for whom `keys` knows."""
    in_flight = Bound(settings.max_in_flight, "in_flight")
    routes = all_routes(slot, settings, desk or StoreDesk(settings), in_flight)
    return Application(RouteTable(routes), settings, keys or keys_of(settings), in_flight)


class Application:
    """A plain ASGI application: one look-up finds the handler, whose response is sent whole."""

    def __init__(
        self, table: RouteTable, settings: Settings, keys: KeyRing, in_flight: Bound
    ) -> None:
        self._table = table
        self._keys = keys
        self._headers = ResponseHeaders(settings)
        self._in_flight = in_flight
        self._rates = Rates(settings.rate_per_s, settings.rate_burst)
        self._timeout_s = settings.timeout_s
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
        request_id = scope[REQUEST_ID] = new_request_id()
        origin, client_id = _origin_and_id(scope)
        template, response = UNKNOWN, None
        try:
            route = self._find(scope)
            if isinstance(route, Response):
                response = route
            else:
                template = route.path
                response = await self._answer(route, Request(scope, receive, send))
        except ApiError as error:
            response = refused(error)
        except Exception as error:  # noqa: BLE001 - a client gets an answer whatever fails
            response = _failed(error, request_id)
        self._headers.add(response, request_id=client_id or request_id, origin=origin)
        await response(scope, receive, send)
        seconds = perf_counter() - started
        self._record(template, scope["method"], response.status_code, seconds)
        if self._log and template not in QUIET:
            _log(template, scope["method"], response.status_code, seconds, request_id, client_id)

    def _find(self, scope: Scope) -> Served | Response:
        """The route, or the response to what a browser asks before it calls one."""
        path = scope["path"]
        raw_path = scope.get("raw_path") or path.encode()
        if scope["method"] == "OPTIONS":
            headers = dict(scope["headers"])
            methods = self._table.methods_of(path, raw_path)
            asks = b"access-control-request-method" in headers
            if methods and asks and self._headers.allows(headers.get(b"origin")):
                return preflight(methods)
        route, scope["path_params"] = self._table.find(scope["method"], path, raw_path)
        return route

    async def _answer(self, route: Served, request: Request) -> Response:
        if route.scopes:
            name = self._keys.caller(request.scope, route.scopes)
            if self._keys.needed and route.bounded:
                self._rates.take(name)
        if not route.bounded:
            return await route.handler(request)
        with self._in_flight:
            # what arrived at the same time is counted before any of it is worked on
            await asyncio.sleep(0)
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await route.handler(request)
            except TimeoutError as error:
                if request.scope.get(READING):
                    raise ApiError(408, "too_slow", "the body did not arrive in time") from error
                raise ApiError(504, "timeout", "the answer took too long") from error

    def _record(self, route: str, method: str, status: int, seconds: float) -> None:
        method = method if method in METHODS else "other"
        count, duration = metrics.of_request(route, method, status)
        count.inc()
        duration.observe(seconds)


def refused(error: ApiError) -> Response:
    """A refusal as it is sent."""
    headers = dict(error.headers or {})
    if error.status == 503:
        headers.setdefault("Retry-After", "5")
    return json_response(error.body, status=error.status, headers=headers)


def _failed(error: Exception, request_id: str) -> Response:
    """A fault of ours: where it happened goes to the log, never to the client."""
    message = f"the service failed; its log has the cause under request {request_id}"
    LOG.error("failed", request_id=request_id, cause=_trace(error))
    return json_response(ApiError(500, "failed", message).body, status=500)


def _trace(error: BaseException) -> str:
    """Where it and what led to it happened; not their texts, which may quote a person's data."""
    told: list[str] = []
    one: BaseException | None = error
    while one is not None:
        told.append("".join([*traceback.format_tb(one.__traceback__), type(one).__qualname__]))
        one = one.__cause__ or one.__context__
    return "\n".join(told)


def _log(
    route: str, method: str, status: int, seconds: float, request_id: str, client_id: str | None
) -> None:
    line = {
        "route": route,
        "method": method if method in METHODS else "other",
        "status": status,
        "ms": round(seconds * 1_000, 2),
        "request_id": request_id,
    }
    LOG.info("request", **line, **({"client_request_id": client_id} if client_id else {}))


def _origin_and_id(scope: Scope) -> tuple[bytes | None, str | None]:
    """The request's `Origin`, and its `X-Request-ID` where that is one."""
    origin = client_id = None
    for name, value in scope["headers"]:
        if name == b"origin":
            origin = value
        elif name == b"x-request-id" and SANE_ID.fullmatch(value):
            client_id = value.decode()
    return origin, client_id


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
