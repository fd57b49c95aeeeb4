"""The OpenAPI document, generated from the operations and their pydantic models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from saldopas.serving.http.operations import Described, Operation
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import service_version
from saldopas.serving.recommend import schemas

REF = "#/components/schemas/{model}"
JSON = "application/json"
EXAMPLES = Path(__file__).with_name("examples.json")
KEY_SCHEMES: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def read_examples() -> dict[str, dict[str, Any]]:
    """Return `answers` by operation and `errors` by status, as examples.json holds them."""
    found: dict[str, dict[str, Any]] = orjson.loads(EXAMPLES.read_bytes())
    return found


def document(operations: Sequence[Operation], settings: Settings) -> dict[str, Any]:
    """Return the OpenAPI document of the operations that are described."""
    keyed = settings.keys_file is not None
    examples = read_examples()
    paths: dict[str, Any] = {}
    described = []
    for operation in operations:
        if operation.described is not None:
            described.append(operation.described)
            item = _item(operation, operation.described, examples, keyed=keyed)
            paths.setdefault(operation.template, {})[operation.method.lower()] = item
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
        "components": {"schemas": _schemas(described), "securitySchemes": KEY_SCHEMES},
    }


def client_schema(operations: Sequence[Operation]) -> dict[str, Any]:
    """Return the operations with a body as `bentoml.SyncHTTPClient` reads them.

    The client has one method an operation, whose keyword arguments are the fields of the body.
    """
    return {
        "name": "saldopas",
        "type": "service",
        "routes": [
            {
                "name": operation.name,
                "route": operation.path,
                "doc": operation.described.summary,
                "input": operation.described.body.model_json_schema(),
                "output": {"type": "object"},
            }
            for operation in operations
            if operation.described is not None and operation.described.body is not None
        ],
    }


def _item(
    operation: Operation, described: Described, examples: dict[str, dict[str, Any]], *, keyed: bool
) -> dict[str, Any]:
    scopes = operation.scopes
    errors = set(described.errors)
    if operation.counts_as_load:
        errors |= {429, 504}
    if scopes and (keyed or operation.counts_as_load):
        errors |= {401, 403}
    if described.body is not None:
        errors |= {400, 408, 413, 415, 422}
    named = " or ".join(f"`{scope}`" for scope in scopes)
    needs = f" Needs a key of scope {named}, where keys are used." if named else ""
    content: dict[str, Any] = {"text/plain": {"schema": {"type": "string"}}}
    if not issubclass(described.answer, PlainText):
        example = examples["answers"][operation.name]
        content = {JSON: {"schema": _ref(described.answer), "example": example}}
    item: dict[str, Any] = {
        "operationId": operation.name,
        "summary": described.summary,
        "description": described.text + needs,
        "responses": {
            "200": {"description": "Done", "content": content},
            **{str(status): _error(examples["errors"][str(status)]) for status in sorted(errors)},
        },
    }
    if keyed and scopes:
        item["security"] = [{name: []} for name in KEY_SCHEMES]
    if described.parameters:
        item["parameters"] = list(described.parameters)
    if described.body is not None:
        item["requestBody"] = {
            "required": True,
            "description": f"At most {described.max_bytes} bytes.",
            "content": {JSON: {"schema": _ref(described.body)}},
        }
    return item


class PlainText(BaseModel):
    """Marks an operation that answers text."""


def _error(error: dict[str, Any]) -> dict[str, Any]:
    example = {"error": {name: error[name] for name in ("code", "message", "field")}}
    return {
        "description": error["description"],
        "content": {JSON: {"schema": _ref(schemas.Error), "example": example}},
    }


def _ref(schema: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": REF.format(model=schema.__name__)}


def _schemas(described: Sequence[Described]) -> dict[str, Any]:
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {
        (schemas.Error, "serialization"): None
    }
    for one in described:
        if one.body is not None:
            wanted[one.body, "validation"] = None
        if not issubclass(one.answer, PlainText):
            wanted[one.answer, "serialization"] = None
    _, definitions = models_json_schema([*wanted], ref_template=REF)
    found: dict[str, Any] = definitions["$defs"]
    # pydantic writes a model that it does not validate out in full
    found["BatchBody"]["properties"]["requests"]["items"] = _ref(schemas.RecommendBody)
    return found
