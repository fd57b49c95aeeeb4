"""POST /recommend_batch: what /recommend answers to each, and errors in place."""

from __future__ import annotations

import json
from typing import Any

from saldopas.serving.recommend.schemas import BatchAnswer
from starlette.testclient import TestClient

from tests.serving.serving_world import STRANGER, ServingWorld


def ask(client: TestClient, requests: list[Any]) -> list[dict[str, Any]]:
    response = client.post("/recommend_batch", json={"requests": requests})
    assert response.status_code == 200, response.text
    BatchAnswer.model_validate(response.json(), strict=True)
    results: list[dict[str, Any]] = response.json()["results"]
    return results


def without_id(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key != "request_id"}


def test_results_are_in_order_with_an_error_beside_each_bad_request(
    client: TestClient, world: ServingWorld
) -> None:
    good = [
        {"participant_id": world.people.buyer, "n": 3},
        {"participant_id": world.people.hidden, "balance": 300_000},
        {"purchased": ["C00002", "C00005"], "profile": {"age": 40}, "balance": 900_000},
        {"participant_id": STRANGER, "as_of": "1990-01-01"},
        {"participant_id": world.people.newcomer, "explain": True, "n": 100},
        {},
    ]
    bad = [{"n": 0}, {"balance": "x"}, "no object", {"who": 1}, None, []]
    mixed = [body for pair in zip(good, bad, strict=True) for body in pair]
    results = ask(client, mixed)
    assert len(results) == len(mixed)
    for body, result in zip(good, results[::2], strict=True):
        single = client.post("/recommend", json=body).json()
        assert without_id(result) == without_id(single)
    for body, result in zip(bad, results[1::2], strict=True):
        raw = json.dumps(body).encode()  # json=None would send no body
        single = client.post(
            "/recommend", content=raw, headers={"content-type": "application/json"}
        )
        assert result == single.json()


def test_every_result_has_its_own_id(client: TestClient) -> None:
    results = ask(client, [{}, {}, {}])
    assert len({result["request_id"] for result in results}) == 3


def test_a_thousand_requests_are_answered_and_one_more_is_refused(
    client: TestClient, world: ServingWorld
) -> None:
    names = [name.decode() for name in world.artifact.snapshot.ids[:1_000]]
    results = ask(client, [{"participant_id": name, "n": 1} for name in names])
    assert [result["participant_id"] for result in results] == names
    response = client.post("/recommend_batch", json={"requests": [{}] * 1_001})
    assert response.status_code == 422
    assert response.json()["error"]["field"] == "requests"


def test_a_bad_batch_is_refused_as_a_whole(client: TestClient) -> None:
    for body, status, code, field in [
        ({}, 400, "missing_key", "requests"),
        ({"requests": {}}, 400, "wrong_type", "requests"),
        ({"requests": None}, 400, "wrong_type", "requests"),
        ({"requests": []}, 422, "out_of_range", "requests"),
        ({"requests": [{}], "n": 5}, 400, "unknown_key", "n"),
        ([{}], 400, "wrong_type", None),
    ]:
        response = client.post("/recommend_batch", json=body)
        error = response.json()["error"]
        assert (response.status_code, error["code"], error["field"]) == (status, code, field), body


def test_a_batch_of_bad_requests_is_still_answered(client: TestClient) -> None:
    assert [result["error"]["code"] for result in ask(client, [3, {"n": 0}])] == [
        "wrong_type",
        "out_of_range",
    ]
