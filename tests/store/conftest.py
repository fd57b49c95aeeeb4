"""A store on SQLite and on a real PostgreSQL, empty or filled, and applications over it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from saldopas.serving.http.app import create_app
from saldopas.serving.http.keys import KeyRing
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import ModelSlot
from saldopas.serving.store.desk import StoreDesk
from saldopas.store.engine import open_store, upgrade_store
from sqlalchemy.engine import Engine, make_url
from starlette.testclient import TestClient

from tests.postgres_server import MISSING, postgres_binaries, postgres_server
from tests.store.store_world import StoreWorld, make_store_world

KINDS = ("sqlite", "postgresql")
NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip(MISSING)
    with postgres_server(binaries) as url:
        yield url


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of its own, with no table yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    return new_database(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(url: str) -> Iterator[Engine]:
    """An empty store."""
    engine = open_store(url)
    upgrade_store(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> StoreWorld:
    return make_store_world(tmp_path_factory.mktemp("store_world"))


Serving = Callable[..., AbstractContextManager[TestClient]]


@pytest.fixture(scope="session")
def serving(world: StoreWorld) -> Serving:
    """Start the application of one worker over a store; it stops with the block.

    The deadline is generous: a busy machine is no store that is down.
    """

    @contextmanager
    def running(
        url: str, world: StoreWorld = world, timeout_ms: int = 5_000
    ) -> Iterator[TestClient]:
        settings = Settings(
            store=url, store_timeout_ms=timeout_ms, artifact=world.path, log_requests=False
        )
        slot, desk = ModelSlot(), StoreDesk(settings)
        slot.load(settings)
        desk.open()
        app = create_app(slot, settings, KeyRing(None), desk)
        try:
            with TestClient(
                app, base_url="http://localhost", client=("127.0.0.1", 50_000)
            ) as client:
                yield client
        finally:
            desk.close()

    return running


def new_database(server: str) -> str:
    """A fresh database on the server."""
    name = f"store{next(NUMBERS)}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)
