"""Who may call: keys, scopes and rotation; without keys this machine alone."""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Any

import pytest
from saldopas.serving.http import keys
from saldopas.serving.http.app import create_app
from saldopas.serving.http.keys import KeyRing, keys_of, read_keys
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import ModelSlot
from saldopas.training_pipeline.commands.main import app as command_line
from starlette.testclient import TestClient
from typer.testing import CliRunner

from tests.serving.serving_world import ServingWorld

SECRET = "/participants/P0000001"


def new_key(file: Path, name: str, scopes: str) -> str:
    """As an operator makes one."""
    arguments = ["keys", "new", "--name", name, "--scope", scopes, "--file", str(file)]
    done = CliRunner().invoke(command_line, arguments)
    assert done.exit_code == 0
    return done.stdout.strip().splitlines()[-1]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def slot(world: ServingWorld) -> ModelSlot:
    slot = ModelSlot()
    slot.load(Settings(artifact=world.path))
    return slot


def client_of(slot: ModelSlot, file: Path | None, **more: Any) -> TestClient:
    settings = Settings(keys_file=file, log_requests=False, **more)
    return TestClient(create_app(slot, settings), base_url="http://localhost")


def refusal(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_a_key_opens_what_its_scopes_name(slot: ModelSlot, file: Path) -> None:
    page, admin = new_key(file, "page", "recommend,events"), new_key(file, "office", "admin")
    client = client_of(slot, file)
    for headers in ({"Authorization": f"Bearer {page}"}, {"X-API-Key": page}):
        assert client.post("/recommend", json={}, headers=headers).status_code == 200
        assert client.get(SECRET, headers=headers).status_code == 200
        assert refusal(client.delete(SECRET, headers=headers)) == (403, "not_allowed")
    assert client.get(SECRET, headers={"X-API-Key": admin}).status_code == 200
    reader = {"X-API-Key": new_key(file, "reader", "recommend")}
    assert refusal(client_of(slot, file).get(SECRET, headers=reader)) == (403, "not_allowed")
    body = client.post("/recommend", json={}, headers={"X-API-Key": admin})
    assert refusal(body) == (403, "not_allowed")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": "sp_guess"},
        {"Authorization": "Basic sp_guess"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer " + "x" * 10_000},
        {"X-API-Key": "ÿ".encode("latin-1")},
    ],
)
def test_without_a_known_key_nothing_is_told(
    slot: ModelSlot, file: Path, headers: dict[str, Any]
) -> None:
    new_key(file, "page", "recommend")
    client = client_of(slot, file)
    response = client.post("/recommend", content=b"not even JSON", headers=headers)
    assert refusal(response) == (401, "no_key")
    assert response.headers["www-authenticate"] == "Bearer"
    for path in ("/livez", "/readyz", "/metrics", "/docs.json", "/version", "/"):
        assert client.get(path, headers=headers).status_code == 200


def test_the_hash_is_no_key(slot: ModelSlot, file: Path) -> None:
    new_key(file, "page", "recommend")
    text = file.read_text().split()[0]
    response = client_of(slot, file).post("/recommend", json={}, headers={"X-API-Key": text})
    assert refusal(response) == (401, "no_key")


def test_metrics_can_be_kept_for_admins(slot: ModelSlot, file: Path) -> None:
    admin = new_key(file, "office", "admin")
    client = client_of(slot, file, open_metrics=False)
    assert refusal(client.get("/metrics")) == (401, "no_key")
    assert client.get("/metrics", headers={"X-API-Key": admin}).status_code == 200


def test_keys_change_without_a_restart_and_a_bad_file_changes_nothing(
    slot: ModelSlot, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "LOOK_EVERY_S", 0.0)
    old = new_key(file, "old", "recommend")
    client = client_of(slot, file)

    def status(key: str) -> int:
        return client.post("/recommend", json={}, headers={"X-API-Key": key}).status_code

    new = new_key(file, "new", "recommend")
    assert (status(old), status(new)) == (200, 200)
    file.write_text(file.read_text().splitlines()[1] + "\n")
    assert (status(old), status(new)) == (401, 200)
    file.write_text("rubbish\n")
    assert (status(old), status(new)) == (401, 200)
    file.unlink()
    assert (status(old), status(new)) == (401, 200)


def test_the_file_is_for_its_owner_and_holds_no_key(file: Path) -> None:
    key = new_key(file, "page", "events,recommend")
    assert file.stat().st_mode & 0o777 == 0o600
    assert key not in file.read_text()
    [read] = read_keys(file)
    assert (read.name, read.scopes) == ("page", {"recommend", "events"})


@pytest.mark.parametrize(
    "line",
    ["x", "0" * 64, "0" * 64 + " page", "0" * 64 + " page everything", "0" * 63 + " p admin"],
)
def test_a_bad_line_is_named_at_the_start_and_never_quoted(file: Path, line: str) -> None:
    file.write_text(f"# keys\n\n{line}\n")
    with pytest.raises(SystemExit, match=r"SALDOPAS_KEYS_FILE: .* line 3: ") as refused:
        keys_of(Settings(keys_file=file))
    assert "0000" not in str(refused.value)
    with pytest.raises(SystemExit, match="No such file"):
        keys_of(Settings(keys_file=file.with_name("none")))


@pytest.mark.parametrize(("name", "scope"), [("page", "everything"), ("a b", "admin")])
def test_a_key_that_cannot_be_is_refused(name: str, scope: str) -> None:
    done = CliRunner().invoke(command_line, ["keys", "new", "--name", name, "--scope", scope])
    assert done.exit_code != 0
    assert "sp_" not in done.stdout


@pytest.mark.parametrize(
    ("peer", "status"),
    [("127.0.0.1", 200), ("::1", 200), ("::ffff:127.0.0.1", 200), ("10.0.0.7", 403), ("::2", 403)],
)
def test_without_keys_only_this_machine_is_answered(
    slot: ModelSlot, peer: str, status: int
) -> None:
    app = create_app(slot, Settings(log_requests=False))
    client = TestClient(app, base_url="http://localhost", client=(peer, 50_000))
    response = client.post("/recommend", json={})
    assert response.status_code == status
    assert client.get("/livez").status_code == 200
    if status == 403:
        assert refusal(response) == (403, "keys_needed")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:3000", 200),
        ("LOCALHOST", 200),
        ("127.0.0.1:3000", 200),
        ("[::1]:3000", 200),
        ("saldopas:3000", 200),
        ("saldopas.localhost", 200),
        ("evil.example", 403),
        ("evil.", 403),
        ("localhost.evil.example:3000", 403),
        ("127.0.0.1.evil.example", 403),
        ("10.0.0.7", 403),
        ("", 403),
    ],
)
def test_without_keys_no_other_name_is_answered(slot: ModelSlot, host: str, status: int) -> None:
    """The page of a site whose name leads here, in the browser of who develops."""
    app = create_app(slot, Settings(log_requests=False))
    client = TestClient(app, client=("127.0.0.1", 50_000))
    assert client.post("/recommend", json={}, headers={"Host": host}).status_code == status


def test_who_watches_is_never_turned_away(slot: ModelSlot, file: Path) -> None:
    key = new_key(file, "watcher", "admin")
    settings = Settings(
        keys_file=file, open_metrics=False, rate_per_s=0.001, rate_burst=1, log_requests=False
    )
    client = TestClient(create_app(slot, settings), headers={"X-API-Key": key})
    assert [client.get("/metrics").status_code for _ in range(5)] == [200] * 5


def test_every_key_is_compared_whichever_fits(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = [new_key(file, f"k{place}", "recommend") for place in range(4)]
    ring, seen = KeyRing(file), []
    real = hmac.compare_digest

    def counted(left: bytes, right: bytes) -> bool:
        seen.append(left)
        return real(left, right)

    monkeypatch.setattr(hmac, "compare_digest", counted)
    scope = {"headers": [(b"x-api-key", shown[0].encode())]}
    assert ring.caller(scope, ("recommend",)) == "k0"
    assert len(seen) == 4
