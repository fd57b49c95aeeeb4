"""/docs.json describes what the service does: examples hold, made-up requests meet no surprise."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from pydantic import BaseModel
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from serving_world import ServingWorld
from starlette.testclient import TestClient

from serving import schemas
from serving.http import create_app
from serving.loaded import ModelSlot
from serving.settings import Settings

SETTINGS = Settings(artifact=None, log_requests=False)
SLOT = ModelSlot()  # filled below; the document does not need it
schema = schemathesis.openapi.from_asgi("/docs.json", create_app(SLOT, SETTINGS))


@pytest.fixture(scope="module", autouse=True)
def _loaded(world: ServingWorld) -> None:
    SLOT.load(SETTINGS.model_copy(update={"artifact": world.path}))


# to JSON Schema 5.0 is an integer and February has 30 days
BEYOND_JSON_SCHEMA = ("without a decimal point", "no such moment")


@schema.parametrize()
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_made_up_requests_are_answered_as_described(case: schemathesis.Case) -> None:
    response = case.call()
    excluded = []
    if case.path == "/recommend_batch":  # a bad request inside is answered in its place, with 200
        excluded.append(negative_data_rejection)
    if any(words in response.text for words in BEYOND_JSON_SCHEMA):
        excluded.append(positive_data_acceptance)
    case.validate_response(response, excluded_checks=excluded)


def test_bentoml_serves_this_document(client: TestClient) -> None:
    stated = client.get("/docs.json").json()
    assert stated["openapi"] == "3.1.0"
    assert set(stated["paths"]) == {
        "/recommend",
        "/recommend_batch",
        "/version",
        "/livez",
        "/readyz",
        "/metrics",
        "/page/facts.json",
        "/page/courses",
    }
    for path in ("/recommend", "/recommend_batch"):
        responses = stated["paths"][path]["post"]["responses"]
        assert set(responses) == {"200", "400", "413", "415", "422", "503"}


def test_examples_are_requests_and_answers(client: TestClient) -> None:
    stated = client.get("/docs.json").json()
    answers: dict[str, type[BaseModel]] = {
        "/recommend": schemas.Answer,
        "/recommend_batch": schemas.BatchAnswer,
    }
    for path, answer in answers.items():
        for status, response in stated["paths"][path]["post"]["responses"].items():
            model = answer if status == "200" else schemas.Error
            model.model_validate(response["content"]["application/json"]["example"], strict=True)
    for body in stated["components"]["schemas"]["RecommendBody"]["examples"]:
        assert client.post("/recommend", json=body).status_code == 200


def test_every_key_of_a_request_is_described(client: TestClient) -> None:
    body = client.get("/docs.json").json()["components"]["schemas"]["RecommendBody"]
    assert body["additionalProperties"] is False
    undescribed = [name for name, value in body["properties"].items() if not value["description"]]
    assert not undescribed
