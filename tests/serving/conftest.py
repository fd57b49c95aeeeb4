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
    os.environ["SALDOPAS_ARTIFACT"] = str(world.path)
    os.environ["SALDOPAS_MODEL_VERSION"] = "12"
    os.environ["SALDOPAS_LOG_REQUESTS"] = "false"
    from serving.service import SaldoPas

    usual = gc.get_threshold()
    with TestClient(SaldoPas.to_asgi(), raise_server_exceptions=False) as running:
        gc.unfreeze()  # a service never ends, a test does: its worlds must go
        gc.set_threshold(*usual)
        yield running
