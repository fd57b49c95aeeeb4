"""Who may show the page inside their own."""

from __future__ import annotations

import pytest
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import ModelSlot
from saldopas.serving.page.routes import PageRoutes
from starlette.requests import Request

from tests.own_loop import in_own_loop


def policy(ancestors: str) -> str:
    settings = Settings(frame_ancestors=ancestors)  # as the environment
    request = Request({"type": "http", "method": "GET", "headers": []})
    answer = in_own_loop(PageRoutes(ModelSlot(), settings).index(request))
    return answer.headers["content-security-policy"]


def test_nobody_may_unless_named() -> None:
    assert policy("").endswith("frame-ancestors 'none'")
    named = "https://dashboard.example,https://other.example:8443"
    assert policy(named).endswith("frame-ancestors " + named.replace(",", " "))


@pytest.mark.parametrize("bad", ["*", "https://*.example", "https://a.example; script-src *", "a"])
def test_only_whole_origins_are_taken(bad: str) -> None:
    with pytest.raises(ValueError, match="write origins"):
        policy(bad)
