"""What is too much is turned away at once; headers that every response has."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from saldopas.serving.http.app import create_app
from saldopas.serving.http.errors import ApiError
from saldopas.serving.http.limits import Bound, Rates
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import ModelSlot
from starlette.testclient import TestClient

from tests.own_loop import in_own_loop
from tests.serving.serving_world import ServingWorld

DASHBOARD = "https://dashboard.example"


@pytest.fixture
def slot(world: ServingWorld) -> ModelSlot:
    slot = ModelSlot()
    slot.load(Settings(artifact=world.path))
    return slot


def app_of(slot: ModelSlot, **more: Any) -> Any:
    return create_app(slot, Settings(log_requests=False, **more))


def test_a_bucket_empties_and_refills() -> None:
    now = [100.0]
    rates = Rates(2.0, 3, clock=lambda: now[0])
    for _ in range(3):
        rates.take("page")
    with pytest.raises(ApiError) as refused:
        rates.take("page")
    assert (refused.value.status, refused.value.code) == (429, "too_many_requests")
    assert refused.value.headers == {"Retry-After": "1"}
    rates.take("other")  # a bucket for each key
    now[0] += 0.5
    rates.take("page")
    with pytest.raises(ApiError):
        rates.take("page")
    now[0] += 1_000
    for _ in range(3):  # never more than the burst
        rates.take("page")
    with pytest.raises(ApiError):
        rates.take("page")


def test_a_slow_rate_says_how_long_to_wait() -> None:
    rates = Rates(0.1, 1, clock=lambda: 0.0)
    rates.take("page")
    with pytest.raises(ApiError) as refused:
        rates.take("page")
    assert refused.value.headers == {"Retry-After": "10"}


def test_a_place_is_given_back_whatever_happens() -> None:
    bound = Bound(1, "in_flight")
    with pytest.raises(ValueError, match="work"), bound:
        raise ValueError("work")
    with bound, pytest.raises(ApiError, match="all it can do"), bound:
        pass
    with bound:
        pass


def test_of_a_burst_as_many_are_accepted_as_may_be_and_probes_always(slot: ModelSlot) -> None:
    transport = httpx.ASGITransport(app_of(slot, max_in_flight=5))

    async def burst() -> tuple[list[httpx.Response], int]:
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            sent = [client.post("/recommend", json={"n": 3}) for _ in range(40)]
            *answers, probe = await asyncio.gather(*sent, client.get("/livez"))
            later = await client.post("/recommend", json={})
        return [*answers, later], probe.status_code

    answers, probe = in_own_loop(burst())
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(429), probe) == (6, 35, 200)
    assert statuses[-1] == 200
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["error"]["code"] == "overloaded"
    assert refused.headers["retry-after"] == "1"


def sent_within(slot: ModelSlot, route: str, seconds: float, **sent: Any) -> tuple[int, str]:
    """Status and code of an answer that may take so long."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app_of(slot, timeout_s=seconds))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            headers = {"Content-Type": "application/json"}
            return await client.post(route, headers=headers, **sent)

    response = in_own_loop(ask())
    return response.status_code, response.json()["error"]["code"]


def test_an_answer_that_takes_too_long_is_504(slot: ModelSlot) -> None:
    batch = {"requests": [{"n": 100}] * 1_000}  # takes many times as long
    assert sent_within(slot, "/recommend_batch", 0.001, json=batch) == (504, "timeout")


def test_batches_that_nobody_waits_for_any_more_do_not_pile_up(slot: ModelSlot) -> None:
    """What was begun cannot be stopped: until it ends, others are told so at once."""
    big = {"requests": [{"balance": 10**7, "n": 100, "explain": True}] * 1_000}
    with TestClient(app_of(slot, timeout_s=0.05), base_url="http://localhost") as client:
        statuses = [client.post("/recommend_batch", json=big).status_code for _ in range(4)]
    assert statuses[0] == 504
    assert 429 in statuses[1:]


def test_a_body_that_does_not_arrive_is_408(slot: ModelSlot) -> None:
    async def slow_body() -> Any:
        yield b"{"
        await asyncio.sleep(5)

    assert sent_within(slot, "/recommend", 0.05, content=slow_body()) == (408, "too_slow")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/livez"),
        ("POST", "/recommend"),
        ("GET", "/none"),
        ("PUT", "/version"),
    ],
)
def test_every_response_has_the_headers_of_safety(slot: ModelSlot, method: str, path: str) -> None:
    client = TestClient(
        app_of(slot, hsts_s=600), base_url="http://localhost", headers={"Origin": DASHBOARD}
    )
    headers = client.request(method, path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["strict-transport-security"] == "max-age=600"
    assert not any(name.startswith("access-control") for name in headers)
    assert len(headers.get_list("content-security-policy")) == 1


def test_only_listed_origins_may_call(slot: ModelSlot) -> None:
    client = TestClient(app_of(slot, cors_origins=(DASHBOARD,)), base_url="http://localhost")
    asks = {"Access-Control-Request-Method": "POST"}
    for origin, allowed in ((DASHBOARD, True), ("https://evil.example", False), ("null", False)):
        answer = client.post("/recommend", json={}, headers={"Origin": origin})
        assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
        assert answer.headers["vary"] == "Origin"
        before = client.options("/recommend", headers={"Origin": origin, **asks})
        assert before.status_code == (200 if allowed else 400)
        assert before.headers.get("access-control-allow-origin") == (origin if allowed else None)
    assert "access-control-allow-credentials" not in before.headers


def test_origins_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALDOPAS_CORS_ORIGINS", f"{DASHBOARD}, http://localhost:5173")
    assert Settings().cors_origins == (DASHBOARD, "http://localhost:5173")
    monkeypatch.setenv("SALDOPAS_CORS_ORIGINS", "*")
    with pytest.raises(ValueError, match="never \\*"):
        Settings()


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [
        ("0f8b1c6e-3a4d-4d0f-9c53-a2f1f0b7e9aa", True),
        ("short", False),
        ("3273012345670001", False),  # may be a NIK
        ("x" * 65, False),
        ("P0000123@example.org", False),
        ('"}{"event":"forged-forged"', False),
    ],
)
def test_a_sane_request_id_is_kept(slot: ModelSlot, sent: str, echoed: bool) -> None:
    client = TestClient(app_of(slot), base_url="http://localhost")
    answer = client.post("/recommend", json={}, headers={"X-Request-ID": sent})
    named = answer.headers["x-request-id"]
    assert named == (sent if echoed else answer.json()["request_id"])
    assert answer.json()["request_id"] != sent  # one of ours, so that no two answers share it
