"""/docs.json describes what the service does: examples hold, made-up requests meet no surprise."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import TemporaryDirectory

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from pydantic import BaseModel
from saldopas.serving.events.schemas import EventsBody
from saldopas.serving.http.app import create_app, operations
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import ModelSlot
from saldopas.serving.recommend import schemas
from saldopas.serving.store.desk import StoreDesk
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from starlette.testclient import TestClient

from tests.serving.serving_world import ServingWorld

DIRECTORY = TemporaryDirectory()
SETTINGS = Settings(artifact=None, log_requests=False, store=f"sqlite:///{DIRECTORY.name}/store.db")
SLOT = ModelSlot()  # filled below, as the desk is opened; the document needs neither
DESK = StoreDesk(SETTINGS)
schema = schemathesis.openapi.from_asgi("/docs.json", create_app(SLOT, SETTINGS, desk=DESK))


@pytest.fixture(scope="module", autouse=True)
def _loaded(world: ServingWorld) -> Iterator[None]:
    SLOT.load(SETTINGS.model_copy(update={"artifact": world.path}))
    DESK.open()
    yield
    DESK.close()


UNDESCRIBED = {
    ("GET", "/"),
    ("GET", "/docs"),
    ("GET", "/docs/{name}"),
    ("GET", "/docs.json"),
    ("GET", "/schema.json"),
    ("GET", "/page/{version}/{name}"),
}
# to JSON Schema 5.0 is an integer and February has 30 days
BEYOND_JSON_SCHEMA = (
    "without a decimal point",
    "no such moment",
    "no balance is known",
    "must be in",
)


@schema.parametrize()
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_made_up_requests_are_answered_as_described(case: schemathesis.Case) -> None:
    response = case.call()
    excluded = []
    if case.path in (
        "/recommend_batch",
        "/events",
    ):  # a bad part inside is answered in its place, with 200
        excluded.append(negative_data_rejection)
    if any(words in response.text for words in BEYOND_JSON_SCHEMA):
        excluded.append(positive_data_acceptance)
    case.validate_response(response, excluded_checks=excluded)


def test_bentoml_serves_a_document_that_names_every_route(client: TestClient) -> None:
    stated = client.get("/docs.json").json()
    assert stated["openapi"] == "3.1.0"
    described = {
        (method.upper(), path) for path, item in stated["paths"].items() for method in item
    }
    served = operations(SLOT, SETTINGS, DESK)
    assert described | UNDESCRIBED == {(one.method, one.template) for one in served}
    for path in ("/recommend", "/recommend_batch"):
        responses = stated["paths"][path]["post"]["responses"]
        refusals = {"400", "401", "403", "408", "413", "415", "422", "429", "503", "504"}
        assert set(responses) == {"200"} | refusals


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
    for path in (*answers, "/plan", "/explain", "/page/courses"):
        asked = stated["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        name = asked["schema"]["$ref"].rpartition("/")[2]
        for body in stated["components"]["schemas"][name]["examples"]:
            assert client.post(path, json=body).status_code == 200, (path, body)
    assert EventsBody.model_validate(stated["components"]["schemas"]["EventsBody"]["examples"][0])


def test_every_key_of_a_request_is_described(client: TestClient) -> None:
    body = client.get("/docs.json").json()["components"]["schemas"]["RecommendBody"]
    assert body["additionalProperties"] is False
    undescribed = [name for name, value in body["properties"].items() if not value["description"]]
    assert not undescribed


def test_the_api_page_asks_for_nothing_from_outside(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "http" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'" in policy
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js"):
        assert f"/docs/{name}" in page.text
        assert client.get(f"/docs/{name}").status_code == 200
    assert client.get("/docs/LICENSE").status_code == 404
