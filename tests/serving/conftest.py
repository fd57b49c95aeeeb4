"""One trained world and one running application for all tests of the service."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from serving_world import ServingWorld, make_serving_world
from starlette.testclient import TestClient

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
        from serving.service import SaldoPas

    usual = gc.get_threshold()
    with TestClient(SaldoPas.to_asgi(), raise_server_exceptions=False) as running:
        gc.unfreeze()  # a service never ends, a test does: its worlds must go
        gc.set_threshold(*usual)
        yield running
