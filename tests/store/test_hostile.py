"""Whatever is sent, the answer is a documented one and repeats nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from saldopas.serving.recommend.schemas import Error
from starlette.testclient import TestClient

from tests.store.conftest import Serving
from tests.store.hostile_corpus import MARK, Sent, corpus

LEAST = 300


def _documented(document: dict[str, Any], sent: Sent) -> set[int] | None:
    """Statuses of the operation; None where there is none."""
    path = sent.path.partition("?")[0]
    method = "get" if sent.method == "HEAD" else sent.method.lower()
    for template, operations in document["paths"].items():
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
        if re.fullmatch(pattern, path) and method in operations:
            return {int(status) for status in operations[method]["responses"]}
    return None


def _fault(client: TestClient, sent: Sent, document: dict[str, Any]) -> str | None:
    found = client.request(sent.method, sent.path, content=sent.body, headers=sent.headers)
    status = found.status_code
    documented = _documented(document, sent)
    if documented is None:
        documented = {200, 204, 404, 405}  # no such operation, or a page's file
    if status >= 500 or status not in documented:
        return f"status {status}, documented {sorted(documented)}"
    if MARK in found.text and status >= 400:
        return "the answer repeats what was sent"
    if status >= 400 and sent.method != "HEAD":
        Error.model_validate(found.json(), strict=True, extra="forbid")
    return None


def test_no_fault_and_no_undocumented_answer(serving: Serving, url: str) -> None:
    sent = corpus()
    assert sum(one.body != b"" for one in sent) > LEAST
    with serving(url) as client:
        document = client.get("/docs.json").json()
        faults = []
        for number, one in enumerate(sent):
            fault = _fault(client, one, document)
            if fault:
                faults.append(f"{number}: {one.method} {one.path[:60]} {one.body[:60]!r}: {fault}")
        assert client.get("/readyz").json() == {"status": "ready", "store": "up"}
    if faults:
        pytest.fail("\n".join(faults))
