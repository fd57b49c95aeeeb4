"""`GET /docs.json`, the OpenAPI document; `GET /docs`, Swagger UI over it; `GET /schema.json`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import orjson
from saldopas.serving.http.errors import ApiError
from saldopas.serving.http.openapi import client_schema, document
from saldopas.serving.http.operations import Operation
from saldopas.serving.http.settings import Settings
from starlette.requests import Request
from starlette.responses import Response

PACKAGE = "swagger_ui"  # its files are data here: the package itself is not imported
ASSETS = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}
START = "start.js"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>SaldoPas API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
START_SCRIPT = """SwaggerUIBundle({
  url: "/docs.json", dom_id: "#api", deepLinking: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""
POLICY = (  # Swagger UI styles its elements inline, and its icons are data: URLs
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


class DocsRoutes:
    """The handlers; one object a process."""

    def __init__(self, described: Sequence[Operation], settings: Settings) -> None:
        self._described = described
        self._settings = settings
        self._document: bytes | None = None
        self.operations = (
            Operation("GET", "/docs.json", self.docs_json),
            Operation("GET", "/schema.json", self.schema_json),
            Operation("GET", "/docs", self.docs),
            Operation("GET", "/docs/{name}", self.docs_asset),
        )

    async def docs_json(self, request: Request) -> Response:
        """Return the OpenAPI document, made at the first request."""
        if self._document is None:
            self._document = orjson.dumps(document(self._described, self._settings))
        return Response(self._document, media_type="application/json")

    async def schema_json(self, request: Request) -> Response:
        """Return what BentoML's own clients read first."""
        return Response(orjson.dumps(client_schema(self._described)), media_type="application/json")

    async def docs(self, request: Request) -> Response:
        """Return the page."""
        return Response(PAGE, media_type="text/html", headers={"Content-Security-Policy": POLICY})

    async def docs_asset(self, request: Request) -> Response:
        """Return a file of the page."""
        name = request.path_params["name"]
        headers = {"Cache-Control": "public, max-age=3600"}
        if name == START:
            return Response(START_SCRIPT, media_type="text/javascript", headers=headers)
        if name not in ASSETS:
            raise ApiError(404, "not_found", "the page has no such file")
        return Response(_asset(name), media_type=ASSETS[name], headers=headers)


@cache
def _asset(name: str) -> bytes:
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise ApiError(404, "not_found", "the package swagger-ui-py is not installed")
    return (Path(found.origin).parent / "static" / name).read_bytes()
