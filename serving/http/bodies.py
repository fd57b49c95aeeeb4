"""Bodies: strict JSON in (no NaN, no repeated keys, UTF-8 only), pydantic models, JSON out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from saldopas.serving.http.errors import ApiError, refusal
from starlette.requests import Request
from starlette.responses import Response

Body = TypeVar("Body", bound=BaseModel)

MOST_DIGITS = 100
BEYOND: int = 10**MOST_DIGITS
READING = "saldopas.reading"  # key of the ASGI scope: the body is still on its way


async def read_body(request: Request, schema: type[Body], *, max_bytes: int) -> Body:
    """Read and validate the body of a request.

    Raises:
        ApiError: as `read_json` and `validated` do.
    """
    return validated(schema, await read_json(request, max_bytes=max_bytes))


def validated(schema: type[Body], value: Any) -> Body:
    """Return the body that `value` is.

    Raises:
        ApiError: 400 the shape is wrong, 422 a value is out of its range.
    """
    if not isinstance(value, dict):
        raise ApiError(400, "wrong_type", "a JSON object is wanted")
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        raise refusal(error, schema) from error


def json_response(value: Mapping[str, Any]) -> Response:
    """Return a JSON answer; scores are finite, see `Recommender.score`."""
    return Response(orjson.dumps(value), media_type="application/json")


async def read_json(request: Request, *, max_bytes: int) -> Any:
    """The body of a request as a JSON value, never more than `max_bytes` of it in memory.

    Raises:
        ApiError: 415 it does not say that it is JSON, 413 it is too large, 400 it is malformed.
        TimeoutError: the request timed out; `READING` is set while the body is incomplete.
    """
    headers = dict(reversed(request.scope["headers"]))  # of a name that comes twice the first
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type != b"application/json":
        raise ApiError(415, "not_json", "send JSON, with Content-Type: application/json")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise ApiError(415, "not_json", "send the body uncompressed")
    too_large = ApiError(413, "too_large", f"the body is larger than {max_bytes} bytes")
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and len(declared) < 20 and int(declared) > max_bytes:
        raise too_large
    chunks, size = [], 0
    request.scope[READING] = True
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ApiError(400, "disconnected", "the client went away")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > max_bytes:
            raise too_large
        chunks.append(chunk)
        more = message.get("more_body", False)
    request.scope[READING] = False
    return parse_json(b"".join(chunks))


def parse_json(raw: bytes) -> Any:
    """The value in `raw`.

    Raises:
        ApiError: 400, it is not JSON or not safe to read.
    """
    try:
        value = DECODER.decode(raw.decode("utf-8"))
        if b"\\u" in raw:  # an escaped half of a surrogate pair is no text
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(f"the body is not UTF-8 (byte {error.start})") from error
    except UnicodeEncodeError as error:
        raise _malformed("a text holds half of a surrogate pair") from error
    except json.JSONDecodeError as error:
        raise _malformed(f"{error.msg}: line {error.lineno} column {error.colno}") from error
    except RecursionError as error:
        raise _malformed("the body is nested too deeply") from error
    return value


def _whole(digits: str) -> int:
    """Python refuses thousands of digits; here they only are a number out of every range."""
    if len(digits) <= MOST_DIGITS:
        return int(digits)
    return -BEYOND if digits.startswith("-") else BEYOND


def _no_constant(name: str) -> NoReturn:
    raise _malformed(f"{name} is not JSON")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _malformed("a key is given twice in one object")
    return members


def _malformed(message: str) -> ApiError:
    return ApiError(400, "malformed_json", message)


# made once: making one takes as long as reading a small body
DECODER = json.JSONDecoder(
    parse_int=_whole, parse_constant=_no_constant, object_pairs_hook=_distinct
)
