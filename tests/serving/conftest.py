"""One trained world and one running application for all tests of the service."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.serving.serving_world import STRANGER, ServingWorld, make_serving_world

os.environ["BENTOML_DO_NOT_TRACK"] = "True"


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> ServingWorld:
    return make_serving_world(tmp_path_factory.mktemp("serving"))


@pytest.fixture(scope="session")
def client(world: ServingWorld) -> Iterator[TestClient]:
    """The BentoML application itself, with all that BentoML puts around it."""
    told = {"ARTIFACT": str(world.path), "MODEL_VERSION": "12", "LOG_REQUESTS": "false"}
    with pytest.MonkeyPatch.context() as environment:  # it reads them at its import, no test later
        for name, value in told.items():
            environment.setenv(f"SALDOPAS_{name}", value)
        from saldopas.serving.service import SaldoPas

    usual = gc.get_threshold()
    with TestClient(
        SaldoPas.to_asgi(),  # type: ignore[attr-defined]  # by BentoML
        base_url="http://localhost",
        raise_server_exceptions=False,
    ) as running:
        gc.unfreeze()  # a service never ends, a test does: its worlds must go
        gc.set_threshold(*usual)
        yield running


@pytest.fixture(scope="session")
def names(world: ServingWorld) -> list[str]:
    """A few of each kind, by the number that a strategy draws."""
    people = world.people
    known = [people.buyer, people.newcomer, people.hidden, people.canceller, STRANGER]
    return known + [name.decode() for name in world.artifact.snapshot.ids[::60]]
