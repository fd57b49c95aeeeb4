"""The commands of docs/operations.md: a copy made while the store is open is a whole store."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa
from saldopas.store.engine import open_store, upgrade_store
from saldopas.store.schema import PARTICIPANTS
from sqlalchemy.engine import Engine, make_url

from tests.postgres_server import postgres_binaries
from tests.store.conftest import new_database

OPERATIONS = (Path(__file__).parents[2] / "docs/operations.md").read_text("utf-8")
PERSON = {"participant_id": "P1", "profile": "{}", "balance": 1_000_000, "opted_out": False}


def people(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(PARTICIPANTS.c.participant_id)))


def test_sqlite_is_copied_while_it_is_open(tmp_path: Path) -> None:
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "backup").mkdir()
    store = open_store(f"sqlite:///{tmp_path}/mlruns/store.db")
    upgrade_store(store)
    with store.begin() as connection:
        connection.execute(sa.insert(PARTICIPANTS), PERSON)

    [code] = re.findall(r'^python -c "(.+)"$', OPERATIONS, re.MULTILINE)
    command = [sys.executable, "-c", code.replace('\\"', '"')]
    subprocess.run(command, cwd=tmp_path, check=True)

    copy = open_store(f"sqlite:///{tmp_path}/backup/store.db")
    upgrade_store(copy)
    assert people(copy) == ["P1"]
    copy.dispose()
    store.dispose()


def test_postgresql_is_dumped_and_restored(postgres_url: str, tmp_path: Path) -> None:
    first, second = new_database(postgres_url), new_database(postgres_url)
    store = open_store(first)
    upgrade_store(store)
    with store.begin() as connection:
        connection.execute(sa.insert(PARTICIPANTS), PERSON)
    binaries = postgres_binaries()
    assert binaries is not None
    dump = tmp_path / "store.dump"

    def plain(url: str) -> str:
        return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

    command = [binaries / "pg_dump", "--format=custom", f"--file={dump}", plain(first)]
    subprocess.run(command, check=True)
    restore = [binaries / "pg_restore", "--clean", "--if-exists", f"--dbname={plain(second)}", dump]
    subprocess.run(restore, check=True)

    copy = open_store(second)
    upgrade_store(copy)
    assert people(copy) == ["P1"]
    copy.dispose()
    store.dispose()
