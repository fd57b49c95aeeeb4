"""Every route, one line each: what answers it and which scopes open it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote_to_bytes

from saldopas.serving.events.routes import EventRoutes
from saldopas.serving.explain.explain import ExplainRoutes
from saldopas.serving.explain.similar import SimilarRoutes
from saldopas.serving.http.errors import ApiError
from saldopas.serving.http.limits import Bound
from saldopas.serving.http.openapi import document
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import ModelSlot
from saldopas.serving.page.routes import PageRoutes
from saldopas.serving.participants.routes import ParticipantRoutes
from saldopas.serving.plan.routes import PlanRoutes
from saldopas.serving.recommend.routes import Routes, to_bytes
from saldopas.serving.store.desk import StoreDesk
from starlette.requests import Request
from starlette.responses import Response

Handler = Callable[[Request], Awaitable[Response]]
KeyScope = Literal["recommend", "events", "admin"]


@dataclass(frozen=True)
class Served:
    """One route.

    Attributes:
        method: `GET` serves `HEAD` too.
        path: a segment in braces takes any one segment: `request.path_params` has it, decoded.
        handler: the answer; raises `ApiError` to refuse.
        scopes: a key must be allowed one of them; none: open to everybody.
        bounded: whether it counts as load, see `serving/http/limits.py`; probes do not.
    """

    method: str
    path: str
    handler: Handler
    scopes: tuple[KeyScope, ...]
    bounded: bool = True


def all_routes(
    slot: ModelSlot, settings: Settings, desk: StoreDesk, in_flight: Bound
) -> list[Served]:
    """Add a line for a new route, and its description to `serving/http/openapi_operations.py`."""
    routes = Routes(slot, settings, desk, in_flight)
    events = EventRoutes(slot, settings, desk)
    people = ParticipantRoutes(slot, desk)
    metrics_scopes: tuple[KeyScope, ...] = () if settings.open_metrics else ("admin",)
    page = PageRoutes(slot, settings)
    plans = PlanRoutes(slot, settings, desk)
    explain, similar = ExplainRoutes(slot, settings, desk), SimilarRoutes(slot)
    found = [
        Served("POST", "/recommend", routes.recommend, ("recommend",)),
        Served("POST", "/recommend_batch", routes.recommend_batch, ("recommend",)),
        Served("POST", "/plan", plans.plan, ("recommend",)),
        Served("POST", "/explain", explain.explain, ("recommend",)),
        Served("GET", "/courses/{course_id}/similar", similar.similar, ("recommend",)),
        Served("POST", "/events", events.events, ("events",)),
        Served("GET", "/participants/{participant_id}", people.show, ("events", "admin")),
        Served("DELETE", "/participants/{participant_id}", people.erase, ("admin",)),
        Served("GET", "/version", routes.version, ()),
        Served("GET", "/livez", routes.livez, (), bounded=False),
        Served("GET", "/readyz", routes.readyz, (), bounded=False),
        Served("GET", "/metrics", routes.metrics, metrics_scopes, bounded=False),
        Served("GET", "/", page.index, ()),
        Served("GET", "/page/facts.json", page.facts, ()),
        Served("GET", "/page/{version}/{name}", page.file, ()),
        Served("POST", "/page/courses", page.courses, ("recommend",)),
    ]
    return [*found, Served("GET", "/docs.json", _docs(found, settings), ())]


def _docs(found: Iterable[Served], settings: Settings) -> Handler:
    """OpenAPI, written once."""
    scopes = {(route.method, route.path): route.scopes for route in found}
    described = to_bytes(document(settings, scopes))

    async def docs(request: Request) -> Response:
        return Response(described, media_type="application/json")

    return docs


class RouteTable:
    """Finds the route of a request: whole paths in one look-up, then those with parameters."""

    def __init__(self, routes: Iterable[Served]) -> None:
        self._exact: dict[str, dict[str, Served]] = {}
        self._with_parameters: dict[tuple[str | None, ...], dict[str, Served]] = {}
        for route in routes:
            methods = (
                self._with_parameters.setdefault(_shape(route.path), {})
                if "{" in route.path
                else self._exact.setdefault(route.path, {})
            )
            methods[route.method] = route
            if route.method == "GET":
                methods["HEAD"] = route

    def find(self, method: str, path: str, raw_path: bytes) -> tuple[Served, dict[str, str]]:
        """The route and its parameters.

        Args:
            method: of the request; path: decoded; raw_path: as it was sent, so that a parameter
                may hold a slash.

        Raises:
            ApiError: 404 there is no such path, 405 not with this method.
        """
        methods, parameters = self._methods(path, raw_path)
        route = methods.get(method)
        if route is None:
            headers = {"Allow": ", ".join(sorted(methods))}
            raise ApiError(
                405,
                "method_not_allowed",
                "this route does not take this method; see /docs.json",
                headers=headers,
            )
        return route, parameters

    def methods_of(self, path: str, raw_path: bytes) -> Mapping[str, Served]:
        """The routes of a path by method; none where there is no such path."""
        try:
            return self._methods(path, raw_path)[0]
        except ApiError:
            return {}

    def _methods(self, path: str, raw_path: bytes) -> tuple[dict[str, Served], dict[str, str]]:
        exact = self._exact.get(path)
        if exact is not None:
            return exact, {}
        segments = [unquote_to_bytes(part) for part in raw_path.partition(b"?")[0].split(b"/")[1:]]
        for shape, methods in self._with_parameters.items():
            if len(shape) != len(segments) or not all(segments):
                continue
            if all(
                fixed is None or fixed.encode() == segment
                for fixed, segment in zip(shape, segments, strict=True)
            ):
                return methods, _parameters(next(iter(methods.values())).path, segments)
        raise ApiError(404, "not_found", "there is no such route; see /docs.json")


def _shape(path: str) -> tuple[str | None, ...]:
    """The segments of a path, None for a parameter."""
    return tuple(None if part.startswith("{") else part for part in path.split("/")[1:])


def _parameters(path: str, segments: list[bytes]) -> dict[str, str]:
    try:
        return {
            name[1:-1]: segment.decode()
            for name, segment in zip(path.split("/")[1:], segments, strict=True)
            if name.startswith("{")
        }
    except UnicodeDecodeError as error:
        raise ApiError(404, "not_found", "the path is not UTF-8") from error
