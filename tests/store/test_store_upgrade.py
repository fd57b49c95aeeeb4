"""A store of an earlier release holds the same after it is upgraded."""

from __future__ import annotations

import base64
import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import orjson
import pytest
import sqlalchemy as sa
import structlog
from saldopas.serving.store import live
from saldopas.store.engine import HEAD, open_store, revision_of, upgrade_store
from saldopas.store.erase import erase_people
from saldopas.store.schema import Moment
from saldopas.store.served.log import pack_courses
from saldopas.store.served.packing import Ragged, Shown, packed
from saldopas.store.served.tables import export_served
from sqlalchemy.engine import Engine
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from tests.store.asking import asked, purchase
from tests.store.conftest import Serving

AT = datetime(2022, 1, 10, 9, 30, 0, 250_000, tzinfo=UTC)
CATALOGUES = {"first": ["C1", "C2", "C3"], "second": ["C2", "C3", "C4", "C1"]}
OLD = sa.table(
    "served_lists",
    *(sa.column(name) for name in ("request_id", "participant_id", "model_version", "fingerprint")),
    sa.column("served_at", Moment),
    sa.column("content", sa.LargeBinary),
)


def shown(fingerprint: str, item: int) -> bytes:
    """A list of one course."""
    n_items = len(CATALOGUES[fingerprint])
    could = np.ones((1, n_items), bool)
    indptr = np.array([0, 1])
    one = np.array([0.5], np.float32)
    lists = Shown(["r"], [None], [AT], "1", could, Ragged(indptr, np.array([item])), one, one)
    return packed(lists)[0]


def shown_as_json(item: int) -> bytes:
    """As the first release packed it, of the first catalogue."""
    bits = base64.b64encode(pack_courses(np.ones(3, bool))).decode()
    values = {"items": [item], "scores": [0.25], "propensity": [1.0]}
    return zlib.compress(orjson.dumps({"feasible": bits, "pool": None, "listed": None, **values}))


def rows_before() -> list[dict[str, Any]]:
    """1,200 lists of two artifacts, more than a block holds."""
    rows = []
    for place in range(1_200):
        fingerprint = "second" if place % 5 == 0 else "first"
        old = fingerprint == "first" and place % 2 == 0
        rows.append(
            {
                "request_id": f"{place:032x}",
                "participant_id": None if place % 7 == 0 else f"P{place % 3}",
                "served_at": AT + timedelta(microseconds=place),
                "model_version": str(1 + (fingerprint == "second")),
                "fingerprint": fingerprint,
                "content": shown_as_json(place % 3) if old else shown(fingerprint, place % 3),
            }
        )
    return rows


def test_served_lists_of_the_first_schema_are_kept(url: str) -> None:
    engine = open_store(url)
    assert upgrade_store(engine, to="0001") == "0001"
    rows = rows_before()
    with engine.begin() as connection:
        connection.execute(sa.insert(OLD), rows)
        for name, ids in CATALOGUES.items():
            values = {"fingerprint": name, "course_ids": zlib.compress(json.dumps(ids).encode())}
            table = sa.table("catalogues", sa.column("fingerprint"), sa.column("course_ids"))
            connection.execute(sa.insert(table).values(values))
    assert upgrade_store(engine) == HEAD
    with engine.connect() as connection:
        assert revision_of(connection) == HEAD
        assert not sa.inspect(connection).has_table("served_lists")
    assert_exported(engine, rows)
    gone = sum(row["participant_id"] == "P1" for row in rows)
    assert erase_people(engine, ["P1"], now=AT, pending=False) == gone
    assert_exported(engine, [row for row in rows if row["participant_id"] != "P1"])
    engine.dispose()


def assert_exported(engine: Engine, rows: list[dict[str, Any]]) -> None:
    found = export_served(engine, window_days=1, now=AT + timedelta(days=9))
    names = ("request_id", "participant_id", "served_at", "model_version")
    assert [tuple(row[name] for name in names) for row in rows] == [
        tuple(getattr(row, name) for name in names) for row in found.rows
    ]
    for row, after in zip(rows, found.rows, strict=True):
        item = int(row["request_id"], 16) % 3
        assert [found.course_ids[i] for i in after.item_idx] == [
            CATALOGUES[row["fingerprint"]][item]
        ]


def test_a_store_of_a_newer_release_is_left_alone_and_the_service_says_why(
    url: str, serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_store(url)
    upgrade_store(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE store_version SET version_num = '9999'"))
    with capture_logs() as lines:
        monkeypatch.setattr(live, "LOG", structlog.get_logger())  # a kept one is not captured
        with serving(url) as client:
            _assert_without_a_store(client)
    causes = {line["operation"]: line["cause"] for line in lines if line["event"] == "store"}
    assert set(causes) == {"open", "record", "erase"}
    assert all("serve it with the release that made it" in cause for cause in causes.values())
    with engine.connect() as connection:
        assert revision_of(connection) == "9999"
    engine.dispose()


def _assert_without_a_store(client: TestClient) -> None:
    assert client.get("/readyz").json() == {"status": "ready", "store": "down"}
    assert asked(client, participant_id="P1")["degraded"]
    for answer in (
        client.post("/events", json={"events": [purchase("a", "P1", "C1")]}),
        client.delete("/participants/P1"),
        client.get("/participants/P1"),
    ):
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "store_down"
