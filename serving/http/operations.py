"""An operation: one route, who may call it, and what `/docs.json` says of it."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import getrandbits
from time import time_ns
from typing import Any, Literal

from pydantic import BaseModel
from saldopas.serving.http.bodies import READING
from saldopas.serving.http.errors import ApiError, error_response
from saldopas.serving.http.keys import KeyRing
from saldopas.serving.http.limits import Bound, Rates
from saldopas.serving.http.logs import LOG
from saldopas.serving.http.settings import Settings
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Handler = Callable[[Request], Awaitable[Response]]
KeyScope = Literal["recommend", "events", "admin"]
REQUEST_ID = "saldopas.request_id"  # keys of the ASGI scope
ROUTE = "saldopas.route"


@dataclass(frozen=True)
class Described:
    """What `/docs.json` says of an operation.

    Attributes:
        summary, text: for people.
        answer: schema of the success.
        body: schema of the request's body; max_bytes: its largest size.
        parameters: OpenAPI parameter objects of path and query.
        errors: statuses of refusals beside those that every operation of its kind may meet.
    """

    summary: str
    text: str
    answer: type[BaseModel]
    body: type[BaseModel] | None = None
    max_bytes: int = 0
    parameters: tuple[Mapping[str, Any], ...] = ()
    errors: tuple[int, ...] = (503,)


@dataclass(frozen=True)
class Operation:
    """One route.

    Attributes:
        method: `GET` serves `HEAD` too.
        path: as Starlette writes it; `{name:path}` also takes a slash.
        handler: returns the response; raises `ApiError` to refuse.
        scopes: a key must be allowed one of them; none: open to everybody.
        described: None keeps the operation out of `/docs.json`.
        counts_as_load: False for probes, which are answered whatever the load.
    """

    method: str
    path: str
    handler: Handler
    scopes: tuple[KeyScope, ...] = ()
    described: Described | None = None
    counts_as_load: bool = True

    @property
    def template(self) -> str:
        """The path as OpenAPI writes it, also the label of logs and metrics."""
        return self.path.replace(":path}", "}")

    @property
    def name(self) -> str:
        """`operationId`: the handler's name, unique over all operations."""
        return self.handler.__name__


@dataclass(frozen=True)
class Guard:
    """Checks keys, rates, load and time before and around a handler; one object a process."""

    keys: KeyRing
    rates: Rates
    in_flight: Bound
    timeout_s: float

    @classmethod
    def of(cls, settings: Settings, keys: KeyRing, in_flight: Bound) -> Guard:
        """The guard of these settings."""
        rates = Rates(settings.rate_per_s, settings.rate_burst)
        return cls(keys, rates, in_flight, settings.timeout_s)

    def route(self, operation: Operation) -> Route:
        """The operation as a Starlette route."""

        async def endpoint(request: Request) -> Response:
            request.scope[ROUTE] = operation.template
            try:
                return await self._answer(operation, request)
            except ApiError as error:
                return error_response(error)
            except Exception as error:  # noqa: BLE001 - the client gets an answer in any case
                return _failed(error, request.scope[REQUEST_ID])

        return Route(operation.path, endpoint, methods=[operation.method], name=operation.name)

    async def _answer(self, operation: Operation, request: Request) -> Response:
        if operation.scopes:
            caller = self.keys.caller(request.scope, operation.scopes)
            if self.keys.needed and operation.counts_as_load:
                self.rates.take(caller)
        if not operation.counts_as_load:
            return await operation.handler(request)
        with self.in_flight:
            await asyncio.sleep(
                0
            )  # requests that arrived together are counted before any is worked on
            try:
                async with asyncio.timeout(self.timeout_s):
                    return await operation.handler(request)
            except TimeoutError as error:
                if request.scope.get(READING):
                    raise ApiError(408, "too_slow", "the body did not arrive in time") from error
                raise ApiError(504, "timeout", "the answer took too long") from error


def new_request_id() -> str:
    """Return 32 hexadecimal digits: nanoseconds since 1970, then 64 random bits.

    Later names sort after earlier ones, so that a store appends served lists.
    """
    return f"{time_ns():016x}{getrandbits(64):016x}"


def _failed(error: Exception, request_id: str) -> Response:
    """Answer 500; the cause goes to the log only."""
    message = f"the service failed; its log has the cause under request {request_id}"
    LOG.error("failed", request_id=request_id, cause=_trace(error))
    return error_response(ApiError(500, "failed", message))


def _trace(error: BaseException) -> str:
    """Format the stack of an error and of its causes; their texts may hold personal data."""
    told: list[str] = []
    one: BaseException | None = error
    while one is not None:
        told.append("".join([*traceback.format_tb(one.__traceback__), type(one).__qualname__]))
        one = one.__cause__ or one.__context__
    return "\n".join(told)
