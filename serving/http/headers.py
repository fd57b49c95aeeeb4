"""Headers on every response: what a browser must not do, and whose pages may call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from saldopas.serving.http.settings import Settings
from starlette.responses import Response

API_POLICY = "default-src 'none'; frame-ancestors 'none'"
ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": API_POLICY,
    "cache-control": "no-store",
}
CALLER_HEADERS = "Authorization, Content-Type, X-API-Key, X-Request-ID"
EXPOSED = "X-Request-ID, Retry-After"
PREFLIGHT_S = 600


class ResponseHeaders:
    """Adds what is missing to a response."""

    def __init__(self, settings: Settings) -> None:
        always = dict(ALWAYS)
        if settings.hsts_s:
            always["strict-transport-security"] = f"max-age={settings.hsts_s}"
        self._always = _raw(always)
        self._origins = frozenset(origin.encode() for origin in settings.cors_origins)

    def allows(self, origin: bytes | None) -> bool:
        """Whether pages of this origin may call."""
        return origin is not None and origin in self._origins

    def add(self, response: Response, *, request_id: str, origin: bytes | None) -> None:
        """Complete the headers of a response.

        Args:
            response: about to be sent.
            request_id: names it.
            origin: the request's `Origin`.
        """
        headers = response.raw_headers
        present = {name for name, _ in headers}
        headers.extend(pair for pair in self._always if pair[0] not in present)
        headers.append((b"x-request-id", request_id.encode()))
        if self._origins:
            headers.append((b"vary", b"Origin"))
            if origin is not None and origin in self._origins:
                headers.append((b"access-control-allow-origin", origin))
                headers.append((b"access-control-expose-headers", EXPOSED.encode()))


def preflight(methods: Iterable[str]) -> Response:
    """What a browser asks before a page of another origin calls."""
    headers = {
        "access-control-allow-methods": ", ".join(sorted(methods)),
        "access-control-allow-headers": CALLER_HEADERS,
        "access-control-max-age": str(PREFLIGHT_S),
    }
    return Response(status_code=204, headers=headers)


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]
