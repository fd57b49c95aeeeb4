"""Probes, version, metrics and logs; a service without a model, and one that fails."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from saldopas.features.errors import ArtifactError
from saldopas.serving.http import app as http
from saldopas.serving.http.app import create_app
from saldopas.serving.http.settings import Settings, read_settings
from saldopas.serving.model.loaded import (
    Located,
    ModelSlot,
    load_model,
    locate,
    read_champion_pointer,
)
from saldopas.serving.recommend import answers
from saldopas.serving.recommend.schemas import Error, Health, Version
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from tests.serving.serving_world import ServingWorld

ROUTES = [("POST", "/recommend"), ("POST", "/recommend_batch"), ("GET", "/version")]


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """As they are where nothing is set, in an empty working directory."""
    for name in ("ARTIFACT", "MODEL_VERSION", "LOG_REQUESTS"):
        monkeypatch.delenv(f"SALDOPAS_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    return Settings()


@pytest.fixture
def copy(world: ServingWorld, tmp_path: Path) -> Path:
    return Path(shutil.copytree(world.path, tmp_path / "copy"))


def error_of(response: Any) -> tuple[int, str]:
    return response.status_code, Error.model_validate(response.json()).error.code


def test_a_service_with_a_model_is_alive_and_ready(client: TestClient) -> None:
    for path, status in (("/livez", "alive"), ("/readyz", "ready")):
        response = client.get(path)
        assert response.status_code == 200
        assert Health.model_validate(response.json(), extra="forbid").status == status


def test_version_says_what_is_served(client: TestClient, world: ServingWorld) -> None:
    version = Version.model_validate(client.get("/version").json(), extra="forbid")
    assert version.model_version == "12"
    assert version.dataset == "sample"
    assert version.model == "sequence-ridge"
    assert version.cutoff == "2021-10-31T17:00:00+00:00"
    assert version.code_version == "0.1.0+test"
    assert version.data == world.artifact.manifest.fingerprint
    assert len(version.artifact) == 64
    assert [(stage.source, stage.model) for stage in version.stages] == [
        ("history", "sequence-ridge"),
        ("profile", "profile-popularity"),
        ("popular", "popularity"),
    ]


def metric(client: TestClient, line: str) -> float:
    text = client.get("/metrics").text
    found = [row for row in text.splitlines() if row.startswith(line + " ")]
    return float(found[0].split()[-1]) if found else 0.0


def test_metrics_count_requests_answers_and_durations(
    client: TestClient, world: ServingWorld
) -> None:
    done = 'saldopas_requests_total{method="POST",route="/recommend",status="200"}'
    refused = 'saldopas_requests_total{method="POST",route="/recommend",status="422"}'
    unknown = 'saldopas_requests_total{method="GET",route="unknown",status="404"}'
    timed = 'saldopas_request_duration_seconds_count{route="/recommend"}'
    history = 'saldopas_answers_total{source="history"}'
    nothing = 'saldopas_answers_total{source="none"}'
    in_batch = 'saldopas_batch_errors_total{code="out_of_range"}'
    plans = 'saldopas_answers_total{source="plan"}'
    explained = 'saldopas_answers_total{source="explain"}'
    lines = (done, refused, unknown, timed, history, nothing, in_batch, plans, explained)
    before = [metric(client, line) for line in lines]
    client.post("/recommend", json={"participant_id": world.people.buyer})
    client.post("/recommend", json={"balance": 0})
    client.post("/recommend", json={"n": 0})
    client.get("/people/P0000001")
    client.post("/recommend_batch", json={"requests": [{"n": 0}]})
    client.post("/plan", json={"balance": 500_000})
    client.post("/explain", json={"course_id": "C00001"})
    after = [metric(client, line) for line in lines]
    assert [new - old for new, old in zip(after, before, strict=True)] == [
        2,
        1,
        1,
        3,
        1,
        1,
        1,
        1,
        1,
    ]
    text = client.get("/metrics").text
    assert 'saldopas_model_info{dataset="sample",fingerprint="' in text
    assert "P0000001" not in text


def test_logs_name_the_route_and_neither_people_nor_bodies(
    settings: Settings, world: ServingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = ModelSlot()
    slot.load(settings.model_copy(update={"artifact": world.path}))
    client = TestClient(create_app(slot, settings), base_url="http://localhost")
    with capture_logs() as lines:
        monkeypatch.setattr(http, "LOG", structlog.get_logger())
        client.post("/recommend", json={"participant_id": "P0000001", "category": "Keuangan"})
        client.post("/recommend", json={"participant_id": "P0000001", "n": 0})
        client.get("/participants/P0000001?id=P0000001")
        client.get("/livez")
    assert [(line["route"], line["method"], line["status"]) for line in lines] == [
        ("/recommend", "POST", 200),
        ("/recommend", "POST", 422),
        ("/participants/{participant_id}", "GET", 200),
    ]
    assert all(line["event"] == "request" and line["ms"] >= 0 for line in lines)
    assert not any(word in json.dumps(lines) for word in ("P0000001", "Keuangan"))


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_a_model_it_is_alive_but_not_ready(
    settings: Settings, method: str, path: str
) -> None:
    slot = ModelSlot()
    with TestClient(create_app(slot, settings), base_url="http://localhost") as empty:
        assert empty.get("/livez").status_code == 200
        assert error_of(empty.get("/readyz")) == (503, "starting")
        with pytest.raises(ArtifactError, match=r"no champion: there is no mlruns/champion\.json"):
            slot.load(settings)
        assert error_of(empty.get("/readyz")) == (503, "no_model")
        response = empty.request(method, path)
        assert error_of(response) == (503, "no_model")
        assert response.headers["retry-after"] == "5"


def change_a_model(path: Path) -> None:
    file = next((path / "models").rglob("*.npy"))
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")


def change_an_expected_answer(path: Path) -> None:
    golden, manifest = path / "golden.json", path / "manifest.json"
    cases = json.loads(golden.read_text())
    case = next(case for case in cases if len(case["items"]) > 1)
    case["items"].reverse()
    golden.write_text(json.dumps(cases))
    from saldopas.models.artifact.manifest import file_hash

    stated = json.loads(manifest.read_text())
    stated["files"]["golden.json"] = file_hash(golden)
    manifest.write_text(json.dumps(stated))


def remove_the_snapshot(path: Path) -> None:
    shutil.rmtree(path / "snapshot")


@pytest.mark.parametrize(
    "harm",
    [change_a_model, change_an_expected_answer, remove_the_snapshot],
    ids=lambda f: f.__name__,
)
def test_a_harmed_artifact_is_refused_and_the_service_says_so_without_a_path(
    settings: Settings, copy: Path, harm: Any
) -> None:
    harm(copy)
    slot = ModelSlot()
    with pytest.raises(ArtifactError):
        slot.load(settings.model_copy(update={"artifact": copy}))
    with TestClient(create_app(slot, settings), base_url="http://localhost") as refused:
        response = refused.get("/readyz")
        assert error_of(response) == (503, "model_refused")
        assert str(copy) not in response.text


def test_a_bad_artifact_leaves_the_model_that_serves(
    settings: Settings, copy: Path, world: ServingWorld
) -> None:
    slot = ModelSlot()
    slot.load(settings.model_copy(update={"artifact": world.path}))
    served = slot.model
    change_a_model(copy)
    with pytest.raises(ArtifactError):
        slot.load(settings.model_copy(update={"artifact": copy}))
    assert slot.model is served
    with TestClient(create_app(slot, settings), base_url="http://localhost") as running:
        assert running.get("/readyz").status_code == 200


def test_the_champion_is_found_by_its_pointer(settings: Settings, world: ServingWorld) -> None:
    store = Path("mlruns")
    shutil.copytree(world.path, store / "artifacts" / "m-1")
    pointer = store / "champion.json"
    pointer.write_text('{"artifact": "artifacts/m-1", "version": 7}')
    assert locate(settings) == Located((store / "artifacts" / "m-1").resolve(), "7")
    other = settings.model_copy(update={"artifact": world.path})
    version = locate(other).version
    assert load_model(locate(other)).fingerprint.startswith(version)
    assert len(version) == 12
    named = other.model_copy(update={"model_version": "blue"})
    assert locate(named) == Located(world.path.resolve(), "blue")
    pointer.write_text(json.dumps({"artifact": str(world.path.resolve()), "version": 8}))
    assert locate(settings) == Located(world.path.resolve(), "8")


@pytest.mark.parametrize(
    "text", ["", "{}", '{"artifact": 3, "version": 1}', '{"artifact": "x", "version": 0}', "[1]"]
)
def test_a_pointer_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "champion.json").write_text(text)
    with pytest.raises(ArtifactError, match="not a champion pointer"):
        read_champion_pointer(tmp_path / "champion.json")


def test_a_setting_out_of_its_range_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALDOPAS_WORKERS", "many")
    with pytest.raises(SystemExit, match=r"^saldopas: SALDOPAS_WORKERS: Input should be"):
        read_settings()


@pytest.fixture
def failing(
    settings: Settings, world: ServingWorld, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    """A service whose snapshot breaks at every request."""
    slot = ModelSlot()
    slot.load(settings.model_copy(update={"artifact": world.path}))

    told = "secret detail"

    def broken(*args: object, **kwargs: object) -> None:
        try:
            raise KeyError(told)
        except KeyError as error:
            raise RuntimeError(told) from error

    monkeypatch.setattr(answers, "as_asked", broken)
    with TestClient(
        create_app(slot, settings), base_url="http://localhost", raise_server_exceptions=False
    ) as running:
        yield running


@pytest.mark.parametrize(("path", "body"), [("/recommend", {}), ("/recommend_batch", [{}])])
def test_a_fault_of_ours_shows_the_client_a_request_id_and_the_log_the_cause(
    failing: TestClient, monkeypatch: pytest.MonkeyPatch, path: str, body: Any
) -> None:
    with capture_logs() as lines:
        monkeypatch.setattr(http, "LOG", structlog.get_logger())
        response = failing.post(path, json={"requests": body} if body else body)
    assert error_of(response) == (500, "failed")
    assert response.headers["x-request-id"] in response.text
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    failed = next(line for line in lines if line["event"] == "failed")
    assert failed["request_id"] == response.headers["x-request-id"]
    assert "RuntimeError" in failed["cause"]
    assert "KeyError" in failed["cause"]
    assert "in broken" in failed["cause"]
    assert "secret" not in json.dumps(failed)


def test_the_limits_of_bodies_are_settings(settings: Settings, world: ServingWorld) -> None:
    small = settings.model_copy(
        update={"artifact": world.path, "max_body_bytes": 2_000, "max_batch_body_bytes": 4_000}
    )
    slot = ModelSlot()
    slot.load(small)
    request = {"category": "x" * 250, "exclude": ["y" * 250] * 7}
    with TestClient(create_app(slot, small), base_url="http://localhost") as running:
        assert error_of(running.post("/recommend", json=request)) == (413, "too_large")
        one = {"requests": [request]}
        assert running.post("/recommend_batch", json=one).status_code == 200
        two = {"requests": [request, request]}
        assert error_of(running.post("/recommend_batch", json=two)) == (413, "too_large")
