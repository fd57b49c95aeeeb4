"""The OpenAPI document at `/docs.json`.

BentoML describes mounted FastAPI applications only, so this one describes itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from serving import schemas
from serving.openapi_examples import ANSWER, ERROR, ERRORS
from serving.settings import Settings
from serving.version import service_version

REF = "#/components/schemas/{model}"
JSON = "application/json"
BODIES: tuple[type[BaseModel], ...] = (schemas.RecommendBody, schemas.BatchBody)
ANSWERS: tuple[type[BaseModel], ...] = (
    schemas.Answer,
    schemas.BatchAnswer,
    schemas.Error,
    schemas.Version,
    schemas.Health,
)


def document(settings: Settings) -> dict[str, Any]:
    """The whole document."""
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
        "paths": _paths(settings),
        "components": {"schemas": _schemas()},
    }


def _paths(settings: Settings) -> dict[str, Any]:
    return {
        "/recommend": {
            "post": _operation(
                "recommend",
                "Courses for one participant",
                "Exactly min(n, allowed) courses, best first. Known to the model: ranked by the "
                "snapshot's history and profile. Nothing known: popular courses, and `source` "
                "says so.",
                body=_ref(schemas.RecommendBody),
                most_bytes=settings.max_body_bytes,
                answer=schemas.Answer,
                example=ANSWER,
            )
        },
        "/recommend_batch": {
            "post": _operation(
                "recommend_batch",
                "Courses for up to 1000 participants",
                "Each result is what /recommend answers to that request; a bad one gets an error "
                "in its place and the others their answers.",
                body=_ref(schemas.BatchBody),
                most_bytes=settings.max_batch_body_bytes,
                answer=schemas.BatchAnswer,
                example={"results": [ANSWER, ERROR]},
            )
        },
        "/version": {
            "get": _operation(
                "version", "What is served", "", answer=schemas.Version, errors=(503,)
            )
        },
        "/livez": {
            "get": _operation("livez", "The process answers", "", answer=schemas.Health, errors=())
        },
        "/readyz": {
            "get": _operation(
                "readyz", "A verified model is loaded", "", answer=schemas.Health, errors=(503,)
            )
        },
        "/metrics": {
            "get": {
                "operationId": "metrics",
                "summary": "For Prometheus",
                "responses": {
                    "200": {
                        "description": "Prometheus text",
                        "content": {"text/plain": {"schema": {"type": "string"}}},
                    }
                },
            }
        },
    }


def _operation(
    name: str,
    summary: str,
    description: str,
    *,
    answer: type[BaseModel],
    body: dict[str, Any] | None = None,
    most_bytes: int = 0,
    example: Mapping[str, Any] | None = None,
    errors: tuple[int, ...] = tuple(ERRORS),
) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": _ref(answer)}
    if example is not None:
        content["example"] = example
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "description": description,
        "responses": {
            "200": {"description": "Done", "content": {JSON: content}},
            **{str(status): _error(status) for status in errors},
        },
    }
    if body is not None:
        operation["requestBody"] = {
            "required": True,
            "description": f"At most {most_bytes} bytes.",
            "content": {JSON: {"schema": body}},
        }
    return operation


def _error(status: int) -> dict[str, Any]:
    description, code, field, message = ERRORS[status]
    example = {"error": {"code": code, "message": message, "field": field}}
    return {
        "description": description,
        "content": {JSON: {"schema": _ref(schemas.Error), "example": example}},
    }


def _ref(schema: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": REF.format(model=schema.__name__)}


def _schemas() -> dict[str, Any]:
    _, definitions = models_json_schema(
        [(body, "validation") for body in BODIES]
        + [(answer, "serialization") for answer in ANSWERS],
        ref_template=REF,
    )
    found: dict[str, Any] = definitions["$defs"]
    # pydantic writes what it does not validate out in full
    found["BatchBody"]["properties"]["requests"]["items"] = _ref(schemas.RecommendBody)
    return found
