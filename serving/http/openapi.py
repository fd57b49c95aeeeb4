"""The OpenAPI document at `/docs.json`.

BentoML describes mounted FastAPI applications only, so this one describes itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from saldopas.serving.http.openapi_examples import ERRORS
from saldopas.serving.http.openapi_operations import Operation, all_operations
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.version import service_version
from saldopas.serving.recommend import schemas

REF = "#/components/schemas/{model}"
JSON = "application/json"
PROBES = frozenset({"/livez", "/readyz"})


def document(settings: Settings, scopes: Mapping[tuple[str, str], Sequence[str]]) -> dict[str, Any]:
    """The whole document.

    Args:
        settings: limits, and whether keys are needed.
        scopes: one of them a key must be allowed, by method and path; none: no key.
    """
    keyed = settings.keys_file is not None
    operations = all_operations(settings)
    paths: dict[str, Any] = {}
    for operation in operations:
        needed = scopes[operation.method, operation.path]
        described = _described(operation, needed)
        if keyed and needed:
            described["security"] = [{name: []} for name in KEY_SCHEMES]
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    paths["/metrics"] = {"get": dict(METRICS)}
    if keyed and scopes["GET", "/metrics"]:
        responses = {**METRICS["responses"], "401": _error(401), "403": _error(403)}
        security: list[dict[str, list[str]]] = [{name: []} for name in KEY_SCHEMES]
        paths["/metrics"]["get"] |= {"responses": responses, "security": security}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "SaldoPas",
            "version": service_version() or "unknown",
            "description": "Which courses suit this participant and fit what is left of the "
            "balance? Money is a whole number in units of the dataset's currency.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": _schemas(operations), "securitySchemes": KEY_SCHEMES},
    }


KEY_SCHEMES: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
METRICS: dict[str, Any] = {
    "operationId": "metrics",
    "summary": "For Prometheus",
    "responses": {
        "200": {
            "description": "Prometheus text",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    },
}


def _described(operation: Operation, scopes: Sequence[str]) -> dict[str, Any]:
    errors = set(operation.errors)
    if operation.path not in PROBES:
        errors |= {429, 504}
    if scopes:
        errors |= {401, 403}
    if operation.body is not None:
        errors |= {400, 408, 413, 415, 422}
    named = " or ".join(f"`{scope}`" for scope in scopes)
    needs = f" Needs a key of scope {named}, where keys are used." if named else ""
    content = {"schema": _ref(operation.answer), "example": operation.example}
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.description + needs,
        "responses": {
            str(operation.status): {"description": "Done", "content": {JSON: content}},
            **{str(status): _error(status) for status in sorted(errors)},
        },
    }
    if operation.parameters:
        described["parameters"] = list(operation.parameters)
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "description": f"At most {operation.most_bytes} bytes.",
            "content": {JSON: {"schema": _ref(operation.body)}},
        }
    return described


def _error(status: int) -> dict[str, Any]:
    description, code, field, message = ERRORS[status]
    example = {"error": {"code": code, "message": message, "field": field}}
    return {
        "description": description,
        "content": {JSON: {"schema": _ref(schemas.Error), "example": example}},
    }


def _ref(schema: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": REF.format(model=schema.__name__)}


def _schemas(operations: Sequence[Operation]) -> dict[str, Any]:
    bodies = {operation.body: None for operation in operations if operation.body is not None}
    answers = {operation.answer: None for operation in operations} | {schemas.Error: None}
    _, definitions = models_json_schema(
        [(body, "validation") for body in bodies]
        + [(answer, "serialization") for answer in answers],
        ref_template=REF,
    )
    found: dict[str, Any] = definitions["$defs"]
    # pydantic writes what it does not validate out in full
    found["BatchBody"]["properties"]["requests"]["items"] = _ref(schemas.RecommendBody)
    return found
