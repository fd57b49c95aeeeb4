"""A worker does without pandas, which would be a quarter of its memory, in whatever it answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.serving.serving_world import ServingWorld

ROOT = Path(__file__).parents[2]
CODE = """
import json, sys
from starlette.testclient import TestClient
from saldopas.serving.http.app import create_app
from saldopas.serving.model.loaded import ModelSlot
from saldopas.serving.http.settings import read_settings

slot, settings = ModelSlot(), read_settings()
slot.load(settings)
client = TestClient(create_app(slot, settings), base_url="http://localhost")
for route, body in json.loads(sys.argv[1]):
    answer = client.post(route, json=body) if body else client.get(route)
    assert answer.status_code == 200, answer.text
print([name for name in ("pandas", "mlflow", "implicit") if name in sys.modules])
"""


def test_no_answer_loads_pandas(world: ServingWorld) -> None:
    who = {"participant_id": world.people.buyer}
    profile = {"profile": {"age": 30, "education": "SMA"}}
    asked = [
        ("/recommend", who | {"explain": True}),
        ("/recommend", profile),
        ("/recommend_batch", {"requests": [who, profile]}),
        ("/plan", who | {"balance": 1_000_000}),
        ("/explain", who | {"course_id": "C00001", "balance": 1}),
        ("/courses/C00001/similar", None),
        (f"/participants/{world.people.buyer}", None),
        ("/version", None),
        ("/docs.json", None),
    ]
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(asked)],
        cwd=ROOT,
        env=os.environ | {"SALDOPAS_ARTIFACT": str(world.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"  # its log is before
