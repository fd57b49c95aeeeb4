"""The bento: built offline from the wheel, and served where the checkout is not installed."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.serving.served_process import ROOT, SALDOPAS, answers, clean_environment, running
from tests.serving.serving_world import ServingWorld

pytestmark = pytest.mark.slow
NO_NETWORK = {"PIP_NO_INDEX": "1", "UV_OFFLINE": "1", "NO_COLOR": "1"}


def test_a_bento_is_built_offline_and_answers_as_the_code_does(
    world: ServingWorld, tmp_path: Path
) -> None:
    environment = clean_environment(tmp_path, **NO_NETWORK)
    built = subprocess.run(
        ["bash", "scripts/bento.sh", "--output", "tag"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    tag = built.stdout.strip().rpartition(":")[2]
    code = tmp_path / "bentoml/bentos/saldopas" / tag / "src"
    held = {path.suffix for path in (code / "saldopas").rglob("*") if path.is_file()}
    assert held >= {".py", ".so", ".typed", ".html", ".css", ".js", ".svg"}
    assert not held & {".cpp", ".h", ".hpp", ".npy"}  # no sources of the extension, no model
    command = [*SALDOPAS, "serve", "--artifact", str(world.path), "--store", "none"]
    with running(command, tmp_path) as (client, _):
        ours = answers(client, world)
    command = [str(bare_python(tmp_path)), "-m", "bentoml", "serve", f"saldopas:{tag}"]
    told = {"SALDOPAS_ARTIFACT": str(world.path), "PYTHONPATH": str(tmp_path / "libraries")}
    with running(command, tmp_path, **told) as (client, _):
        assert answers(client, world) == ours
        assert client.get("/").status_code == 200


def bare_python(directory: Path) -> Path:
    """An interpreter without packages; `libraries` beside it has all of ours but the checkout."""
    (directory / "libraries").mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(("saldopas", "_saldopas")):
            (directory / "libraries" / entry.name).symlink_to(entry)
    command = [sys.executable, "-m", "venv", "--without-pip", str(directory / "bare")]
    subprocess.run(command, check=True)
    return directory / "bare/bin/python"
