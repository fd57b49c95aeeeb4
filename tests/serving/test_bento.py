"""The bento: built without a network, served, and its answers are those of the code."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.serving.served_process import (
    BENTOML,
    ROOT,
    SALDOPAS,
    answers,
    clean_environment,
    running,
)
from tests.serving.serving_world import ServingWorld

pytestmark = pytest.mark.slow
NO_NETWORK = {"PIP_NO_INDEX": "1", "UV_OFFLINE": "1", "NO_COLOR": "1"}


def test_a_bento_is_built_offline_and_answers_as_the_code_does(
    world: ServingWorld, tmp_path: Path
) -> None:
    environment = clean_environment(tmp_path, **NO_NETWORK)
    built = subprocess.run(
        [*BENTOML, "build", "--output", "tag"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    tag = built.stdout.strip().rpartition(":")[2]
    bento = tmp_path / "bentoml/bentos/saldopas" / tag
    assert not list(bento.rglob("*.npy"))  # the model stays outside
    command = [*SALDOPAS, "serve", "--artifact", str(world.path), "--store", "none"]
    with running(command, tmp_path) as (client, _):
        ours = answers(client, world)
    command = [*BENTOML, "serve", f"saldopas:{tag}"]
    # its first start compiles the requests' machine code
    with running(command, tmp_path, seconds=300, SALDOPAS_ARTIFACT=str(world.path)) as (client, _):
        assert answers(client, world) == ours
        assert client.get("/").status_code == 200
