"""Somebody who is erased is forgotten at once, everywhere, and nothing brings them back."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from saldopas.features.errors import DataError
from saldopas.features.requests.participants import KnownParticipant
from saldopas.features.tables.dataset import read_dataset
from saldopas.models.artifact.artifact import load_artifact
from saldopas.models.artifact.erase import erase_from_artifact
from saldopas.store.engine import PRAGMAS, for_reading, hash_of, open_store, read_salt
from saldopas.store.erase import erase_people, forget_pending_lists, purge_files
from saldopas.store.load import load_store
from saldopas.store.schema import ERASED, EVENTS, OF_A_PERSON, SERVED
from saldopas.store.served.packing import people_in
from saldopas.training_pipeline.ingest.erased_people import Erased, erased_people, without_erased

from tests.store.asking import asked, loaded, purchase, saldopas, sent, served, without_names
from tests.store.conftest import Serving
from tests.store.store_world import StoreWorld


def files_with(text: str, directory: Path) -> list[str]:
    """Every file below that holds the bytes, the ids of numpy's fixed width included."""
    needle = text.encode()
    found = [path for path in sorted(directory.rglob("*")) if path.is_file()]
    return [str(path.relative_to(directory)) for path in found if needle in path.read_bytes()]


def test_erasing_over_http_is_known_to_the_other_worker_at_once(
    url: str, world: StoreWorld, serving: Serving
) -> None:
    loaded(url, world)
    name = world.buyer
    with serving(url) as one, serving(url) as other:
        stranger = asked(other)
        assert asked(other, participant_id=name)["items"] != stranger["items"]
        answer = one.delete(f"/participants/{name}").json()
        assert answer["erased"] is True
        assert answer["rows"] > 1
        forgotten = asked(other, participant_id=name)
        assert forgotten["items"] == stranger["items"]
        assert forgotten["balance"] is None
        batch = other.post("/recommend_batch", json={"requests": [{"participant_id": name}]})
        assert batch.json()["results"][0]["items"] == stranger["items"][:5]
        assert other.get(f"/participants/{name}").status_code == 404
        late = sent(other, purchase("late", name, world.affordable(300_000)))
        assert [found["error"]["code"] for found in late["rejected"]] == ["erased"]
        assert one.delete(f"/participants/{name}").json()["rows"] == 0
    engine = open_store(url)
    again = load_store(engine, world.dataset, advance=lambda count: None)
    assert again.erased == 1
    with engine.begin() as connection:
        for table in OF_A_PERSON:
            rows = sa.select(sa.func.count()).where(table.c.participant_id == name)
            assert connection.execute(rows).scalar_one() == 0, table.name
        people = [
            name
            for column in connection.execute(sa.select(SERVED.c.people)).scalars()
            for name in people_in(column)
        ]
    assert people  # the lists of others, none of the last moments with the person's name
    assert name not in people
    engine.dispose()


def test_lists_are_taken_out_of_the_blocks_that_hold_them(
    url: str, world: StoreWorld, serving: Serving
) -> None:
    """Over HTTP, and where that was interrupted after the hash was committed, by the command."""
    one, other = world.ids[:2]
    loaded(url, world)
    with serving(url) as client:
        people = [{"participant_id": name, "n": 2} for name in (one, other, one)]
        client.post("/recommend_batch", json={"requests": [*people, {"n": 2}]})
    before = {row.request_id: row for row in served(url)}
    with serving(url) as client:
        client.post("/recommend_batch", json={"requests": people[:1]})  # a block of one alone
    rows = dict(Counter(row.participant_id for row in served(url)))
    assert rows == {one: 3, other: 1, None: 1}
    with serving(url) as client:
        assert client.delete(f"/participants/{one}").json()["rows"] >= 3
    left = served(url)
    assert {row.participant_id for row in left} == {other, None}
    assert all(before[row.request_id] == row for row in left)
    engine = open_store(url)
    with engine.begin() as connection:
        digest = hash_of(other, read_salt(connection))
        row = {"hash": digest, "erased_at": datetime.now(UTC), "pending": True}
        connection.execute(sa.insert(ERASED), row)
    assert forget_pending_lists(engine) == 1
    assert forget_pending_lists(engine) == 0
    engine.dispose()
    assert [row.participant_id for row in served(url)] == [None]


def test_an_artifact_without_somebody_verifies_and_answers_the_others_as_before(
    tmp_path: Path, world: StoreWorld
) -> None:
    path = tmp_path / "artifact"
    shutil.copytree(world.path, path)
    before = load_artifact(path)
    gone = erase_from_artifact(path, lambda ids: np.array([name == world.buyer for name in ids]))
    after = load_artifact(path)
    assert gone == 1
    assert after.snapshot.n_people == before.snapshot.n_people - 1
    assert list(tmp_path.iterdir()) == [path]
    assert after.snapshot.rows_of([world.buyer]).tolist() == [-1]
    for name in world.ids[:50]:
        if name != world.buyer:
            rows = [int(one.snapshot.rows_of([name])[0]) for one in (before, after)]
            ours = KnownParticipant.of_snapshot(before.snapshot, rows[0])
            assert ours == KnownParticipant.of_snapshot(after.snapshot, rows[1])


def test_nothing_is_left_in_any_file(
    tmp_path: Path,
    world: StoreWorld,
    serving: Serving,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A byte search of store, artifacts and data; one is erased over HTTP, one by command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("SALDOPAS_STORE", raising=False)
    shutil.copytree(world.directory / "data", tmp_path / "data")
    artifact = tmp_path / "mlruns" / "artifacts" / "1" / "artifact"
    shutil.copytree(world.path, artifact)
    url = f"sqlite:///{tmp_path}/mlruns/store.db"
    by_http, by_command = world.buyer, world.canceller
    loaded(url, world)
    with serving(url) as client:
        for name in (by_http, by_command):
            asked(client, participant_id=name)
            sent(client, {"event_id": name, "kind": "impression", "participant_id": name})
        bystander = without_names(asked(client, participant_id=world.newcomer))
    for name in (by_http, by_command):
        assert len(files_with(name, tmp_path)) >= 2  # store and snapshot; Parquet is compressed
        assert name in set(read_dataset(tmp_path / "data").participants["participant_id"])

    with serving(url) as client:
        assert client.delete(f"/participants/{by_http}").status_code == 200
    waiting = saldopas(monkeypatch, capsys, "store", "status")
    assert waiting["erased_pending"] == 1
    done = saldopas(monkeypatch, capsys, "erase", "--pending", "--data", tmp_path / "data")
    assert (done["people"], done["artifacts_rewritten"]) == (1, 1)
    done = saldopas(monkeypatch, capsys, "erase", by_command, "--data", tmp_path / "data")
    assert (done["people"], done["artifacts_rewritten"]) == (1, 1)
    assert done["store_rows"] >= 3
    assert saldopas(monkeypatch, capsys, "store", "status")["erased_pending"] == 0

    for name in (by_http, by_command):
        assert files_with(name, tmp_path) == []
    assert files_with(world.newcomer, tmp_path)  # the search finds who is there
    load_artifact(artifact)
    left = set(read_dataset(tmp_path / "data").participants["participant_id"])
    assert left == set(world.ids) - {by_http, by_command}
    with serving(url) as client:
        assert without_names(asked(client, participant_id=world.newcomer)) == bystander


def test_what_a_reader_holds_in_the_file_is_said_and_goes_the_next_time(
    tmp_path: Path, world: StoreWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite keeps what somebody still reads, and reports that as a row."""
    monkeypatch.setattr("saldopas.store.engine.PRAGMAS", (*PRAGMAS[:3], "PRAGMA busy_timeout=1"))
    url = f"sqlite:///{tmp_path}/store.db"
    loaded(url, world)
    engine = open_store(url)
    with for_reading(engine).connect() as reader:
        reader.execute(sa.select(EVENTS)).all()
        erase_people(engine, [world.buyer], now=datetime.now(UTC), pending=True)
        for whole in (False, True):
            with pytest.raises(DataError, match="still in its file"):
                purge_files(engine, whole=whole)
        assert files_with(world.buyer, tmp_path)
    purge_files(engine, whole=True)
    engine.dispose()
    assert files_with(world.buyer, tmp_path) == []


def test_training_leaves_erased_people_out(url: str, world: StoreWorld, serving: Serving) -> None:
    with serving(url) as client:
        client.delete(f"/participants/{world.buyer}")
    left = without_erased(world.dataset, erased_people(url))
    assert len(left.participants) == len(world.ids) - 1
    assert world.buyer not in set(left.purchases["participant_id"])
    assert left.fingerprint != world.dataset.fingerprint
    assert without_erased(world.dataset, Erased(b"", frozenset())) is world.dataset


def test_scoring_and_measuring_leave_erased_people_out(
    tmp_path: Path,
    world: StoreWorld,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, data = f"sqlite:///{tmp_path}/store.db", world.directory / "data"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SALDOPAS_STORE", url)

    def scored() -> set[str]:
        done = ("score", data, "--model", world.path, "--n", 1, "--out", "lists.csv")
        saldopas(monkeypatch, capsys, *done)
        return set(pd.read_csv("lists.csv")["participant_id"])

    def measured() -> int:
        since = world.dataset.purchases["purchased_at"].iloc[0].isoformat()
        done = ("evaluate", data, "--model", "lists.csv", "--since", since)
        return int(saldopas(monkeypatch, capsys, *done)["participants"])

    lists, people = scored(), measured()
    assert world.newcomer in lists
    loaded(url, world)
    for name in (world.newcomer, world.buyer):
        saldopas(monkeypatch, capsys, "erase", name)
    assert measured() == people - 1  # the newcomer bought nothing, so was not measured
    assert lists - scored() == {world.newcomer, world.buyer}


def test_only_these_commands_read_data_of_erased_people() -> None:
    """Who may: what checks a directory, imports one, or loads the store, which leaves them out."""
    root = Path(erased_people.__code__.co_filename).parents[1]
    readers = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if "read_dataset(" in path.read_text()
    }
    assert readers == {
        "ingest/erased_people.py",
        "ingest/importers/imported.py",
        "commands/import_data.py",
        "commands/store.py",
    }


def test_impressions_of_erased_people_go_too(url: str, world: StoreWorld, serving: Serving) -> None:
    with serving(url) as client:
        sent(client, {"event_id": "i", "kind": "impression", "participant_id": "nobody"})
        assert client.delete("/participants/nobody").json()["rows"] == 1
    engine = open_store(url)
    with engine.begin() as connection:
        assert connection.execute(sa.select(EVENTS)).all() == []
    engine.dispose()
