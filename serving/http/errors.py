"""How a request is refused: `{"error": {"code", "message", "field"}}`, one line for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import orjson
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

WRONG_SHAPE = frozenset({"extra_forbidden", "missing", "string_unicode", "wrong_type"})
LONGEST_FIELD = 100


class ErrorDetail(TypedDict):
    """What is inside `error`."""

    code: str
    message: str
    field: str | None


class ErrorAnswer(TypedDict):
    """The body of every answer that is no success."""

    error: ErrorDetail


class ApiError(Exception):
    """A refusal with its HTTP status; `message` never repeats what the client sent."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.headers = headers

    @property
    def body(self) -> ErrorAnswer:
        """As it is sent."""
        return {"error": {"code": self.code, "message": self.message, "field": self.field}}


def error_response(error: ApiError) -> Response:
    """Return a refusal as it is sent; 503 says when to retry."""
    headers = dict(error.headers or {})
    if error.status == 503:
        headers.setdefault("Retry-After", "5")
    return Response(orjson.dumps(error.body), error.status, headers, "application/json")


def refusal(error: ValidationError, schema: type[BaseModel]) -> ApiError:
    """The first thing wrong with a body: its shape (400) before the range of a value (422)."""
    found = error.errors(include_url=False, include_context=False)
    first = next((item for item in found if _is_shape(item["type"])), found[0])
    field = _field(first["loc"])
    if first["type"] == "extra_forbidden":
        known = ", ".join(schema.model_fields)
        return ApiError(400, "unknown_key", f"there is no such key; known: {known}", field=field)
    if first["type"] == "missing":
        return ApiError(400, "missing_key", "this key is needed", field=field)
    if _is_shape(first["type"]):
        return ApiError(400, "wrong_type", _type_message(first), field=field)
    return ApiError(422, "out_of_range", first["msg"], field=field)


def no_store() -> ApiError:
    """Nothing can be kept here."""
    return ApiError(503, "no_store", "this service runs without a store")


def store_down() -> ApiError:
    """What is asked needs the store."""
    return ApiError(503, "store_down", "the store does not answer; try again")


def _is_shape(kind: str) -> bool:
    return kind in WRONG_SHAPE or kind.endswith("_type")


def _type_message(item: Mapping[str, Any]) -> str:
    """Pydantic's own words, and for numbers what came instead."""
    if item["type"] != "int_type":
        return str(item["msg"])
    came = item["input"]
    if isinstance(came, bool):
        return "a whole number is wanted, not true or false"
    if isinstance(came, float):
        return "a whole number is wanted, without a decimal point or exponent"
    if isinstance(came, str):
        return "a whole number is wanted, not text in quotes"
    return "a whole number is wanted"


def _field(path: Sequence[int | str]) -> str | None:
    return ".".join(str(part) for part in path)[:LONGEST_FIELD] or None
