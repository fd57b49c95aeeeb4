"""Ask the service and the command line over a store, tell what happened, and look into it."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from saldopas.store.engine import open_store, upgrade_store
from saldopas.store.load import load_store
from saldopas.store.served.log import ServedList
from saldopas.store.served.tables import export_served
from saldopas.training_pipeline.commands import main as cli
from starlette.testclient import TestClient

from tests.store.store_world import AT, StoreWorld

LATER = "2022-01-10T09:00:00+07:00"  # than every purchase of the data


def asked(client: TestClient, **body: Any) -> dict[str, Any]:
    response = client.post("/recommend", json={"n": 100, **body})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def sent(client: TestClient, *events: dict[str, Any]) -> dict[str, Any]:
    response = client.post("/events", json={"events": list(events)})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def purchase(event_id: str, participant_id: str, course_id: str, **more: Any) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "kind": "purchase",
        "participant_id": participant_id,
        "course_id": course_id,
        "at": AT,
        **more,
    }


def loaded(url: str, world: StoreWorld) -> None:
    engine = open_store(url)
    upgrade_store(engine)
    load_store(engine, world.dataset, advance=lambda count: None)
    engine.dispose()


def without_names(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key != "request_id"}


def served(url: str) -> list[ServedList]:
    engine = open_store(url)
    rows = export_served(engine, window_days=1, now=datetime.now(UTC)).rows
    engine.dispose()
    return rows


def saldopas(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object
) -> dict[str, Any]:
    monkeypatch.setattr(sys, "argv", ["saldopas", *map(str, arguments), "--json"])
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main()
    captured = capsys.readouterr()
    assert not ended.value.code, captured.err
    outcome: dict[str, Any] = json.loads(captured.out)
    return outcome
