"""Requests that nobody means well: every body at every route, and abuse of paths and headers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

POSTS = ("/recommend", "/recommend_batch", "/plan", "/explain", "/events", "/page/courses")
LISTS = {"/recommend_batch": "requests", "/events": "events", "/page/courses": "ids"}
MARK = "h0st1le"  # stands in what is sent; no answer may repeat it


@dataclass(frozen=True)
class Sent:
    """A request as bytes."""

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def corpus() -> list[Sent]:
    """More than 300 requests, always the same."""
    return [*_bodies(), *_values(), *_events(), *_paths(), *_headers()]


def _json(path: str, body: bytes) -> Sent:
    return Sent("POST", path, body, {"content-type": "application/json"})


def _bodies() -> Iterator[Sent]:
    raw = [
        b"",
        b" ",
        b"null",
        b"true",
        b"0",
        b'"text"',
        b"[]",
        b"[[]]",
        b"{",
        b"}",
        b"{}{}",
        b"{'n': 1}",
        b'{"n": NaN}',
        b'{"n": Infinity}',
        b'{"n": -Infinity}',
        b'{"n": 1e999}',
        b'{"n": ' + b"9" * 5_000 + b"}",
        b'{"n": 1, "n": 2}',
        b'{"n": 01}',
        b'{"n": 1,}',
        b'{"\\ud800": 1}',
        b'{"category": "\\udfff"}',
        b'{"category": "\\u0000"}',
        b'{"category": "\xff\xfe"}',
        b"\xef\xbb\xbf{}",
        b"\x00" * 64,
        b"[" * 50_000,
        b'{"a":' * 20_000,
        b'{"__proto__": {}, "constructor": 1}',
        b"<?xml version='1.0'?><n>1</n>",
        b"n=1&balance=2",
    ]
    for path in POSTS:
        for body in raw:
            yield _json(path, body)


def _values() -> Iterator[Sent]:
    values = [
        True,
        -1,
        0.5,
        2**53 + 1,
        10**400,
        "1",
        "",
        "a\u0000b",
        [],
        {},
        MARK,
        [MARK] * 6_000,
        [[MARK]],
    ]
    keys = ("balance", "n", "participant_id", "purchased", "profile", "as_of", "exclude")
    for key in keys:
        for value in values:
            yield _json("/recommend", json.dumps({key: value}).encode())
    for value in values:
        yield _json("/plan", json.dumps({"max_courses": value, "balance": 10**6}).encode())
        yield _json("/explain", json.dumps({"course_id": value}).encode())
        yield _json("/plan", json.dumps({"must_include": value, "balance": 10**6}).encode())
    for path, key in LISTS.items():
        for items in ([None], [1], [{}] * 1_001, [[]], ["x" * 10_000], {}, "x"):
            yield _json(path, json.dumps({key: items}).encode())
    for moment in ("0000-00-00", "9999-12-31T23:59:60Z", "2021-02-30", "now", "2021-11-20T25:00"):
        yield _json("/recommend", json.dumps({"as_of": moment}).encode())


def _events() -> Iterator[Sent]:
    good = {"event_id": "e", "kind": "click", "participant_id": "p", "course_id": "c"}
    changes = [
        {"kind": "purchase", "price": 0},
        {"kind": "purchase", "price": -1},
        {"kind": "purchase", "price": 2**53 + 1},
        {"kind": "refund"},
        {"kind": None},
        {"rating": 6},
        {"kind": "finish", "rating": "5"},
        {"event_id": ""},
        {"event_id": "x" * 100_000},
        {"participant_id": "' OR 1=1; DROP TABLE purchases; --"},
        {"event_id": "a\u0000b"},
        {"participant_id": "\u0000"},
        {"course_id": "a\u0000b"},
        {"kind": "impression", "request_id": "a\u0000b"},
        {"participant_id": "\u202e" * 50},
        {"course_id": "../../etc/passwd"},
        {"at": "2999-12-31T23:59:59Z"},
        {"at": 0},
        {"extra": MARK},
    ]
    for change in changes:
        yield _json("/events", json.dumps({"events": [{**good, **change}]}).encode())
    twice = [good, {**good, "kind": "impression"}]
    yield _json("/events", json.dumps({"events": twice}).encode())


def _paths() -> Iterator[Sent]:
    names = [
        "a%2e%2e%2fb",
        "%00",
        "%ff",
        "a%2Fb",
        "'--",
        "%F0%9F%92%A9",
        "x" * 3_000,
        "%",
        "%zz",
    ]
    for name in names:
        yield Sent("GET", f"/participants/{name}")
        yield Sent("DELETE", f"/participants/{name}")
        yield Sent("GET", f"/courses/{name}/similar")
        yield Sent("GET", f"/page/{name}/{name}")
    for query in ("n=0", "n=51", "n=x", "n=5&n=6", "n=%00", "m=1", "n=" + "9" * 400, "n=5.0"):
        yield Sent("GET", f"/courses/C00001/similar?{query}")
    for path in ("/recommend", "/docs.json", "/metrics", "/", "/nowhere", "//", "/recommend/"):
        for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD", "BREW"):
            yield Sent(method, path)


def _headers() -> Iterator[Sent]:
    types = [
        "",
        "text/plain",
        "application/json; charset=utf-16",
        "multipart/form-data",
        "a" * 2_000,
    ]
    for path in POSTS:
        for kind in types:
            yield Sent("POST", path, b"{}", {"content-type": kind})
        for name, value in (
            ("content-encoding", "gzip"),
            ("x-request-id", "a b\tc" * 50),
            ("authorization", "Bearer " + "x" * 5_000),
            ("x-api-key", "' OR 1=1"),
            ("origin", "null"),
            ("content-length", "-1"),
        ):
            yield Sent("POST", path, b"{}", {"content-type": "application/json", name: value})
