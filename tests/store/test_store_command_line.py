"""`saldopas recommend` and `plan` answer as the service does over the same store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.store.asking import asked, loaded, purchase, saldopas, sent
from tests.store.conftest import Serving
from tests.store.store_world import StoreWorld

Command = Callable[..., dict[str, Any]]


@pytest.fixture
def command(
    world: StoreWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run `saldopas NAME` about a participant on the world's artifact."""

    def run(name: str, participant: str, *options: object) -> dict[str, Any]:
        arguments = ("--participant", participant, "--model", world.path, *options)
        return saldopas(monkeypatch, capsys, name, *arguments)

    return run


def test_the_command_line_answers_what_the_service_answers(
    url: str, world: StoreWorld, serving: Serving, command: Command
) -> None:
    loaded(url, world)
    erased = world.ids[-1]
    with serving(url) as client:
        bought = world.affordable(300_000)
        assert sent(client, purchase("a", world.newcomer, bought))["accepted"] == 1
        assert client.delete(f"/participants/{erased}").status_code == 200
        people = [world.buyer, world.newcomer, world.hidden, world.canceller, erased, "nobody"]
        for name in people:
            there = asked(client, participant_id=name)
            here = command("recommend", name, "--store", url, "--n", 100)
            assert here["balance"] == there["balance"]
            assert here["known"] == (name not in (erased, "nobody"))
            assert here["items"] == [
                {key: value for key, value in item.items() if key != "reasons"}
                for item in there["items"]
            ]
            assert bought not in {item["course_id"] for item in here["items"]} or (
                name != world.newcomer
            )
            body = {"participant_id": name, "balance": 500_000}
            planned = client.post("/plan", json=body).json()
            plan = command("plan", name, "--store", url, "--balance", 500_000)
            for key in ("balance", "alternatives", "deadline", "reason"):
                assert plan[key] == planned[key], (name, key)


def test_without_a_store_the_snapshot_is_all(
    tmp_path: Path, world: StoreWorld, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SALDOPAS_STORE", raising=False)
    alone = command("recommend", world.buyer, "--store", "none")
    assert alone["known"]
    assert command("recommend", world.buyer) == alone
    assert not [*tmp_path.iterdir()], "a store that is not there is not made"


def test_the_store_of_the_environment_is_asked(
    tmp_path: Path, world: StoreWorld, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    loaded(url, world)
    monkeypatch.setenv("SALDOPAS_STORE", url)
    given = command("recommend", world.buyer, "--store", url)
    assert command("recommend", world.buyer) == given
