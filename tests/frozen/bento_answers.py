"""Writes what the BentoML application itself answers: it reads its environment when imported.

python -m tests.frozen.bento_answers < steps.json > answers.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from saldopas.serving.service import SaldoPas
from starlette.testclient import TestClient

from tests.frozen.replaying import answered


def main() -> None:
    """See the module."""
    steps_file, answers_file = map(Path, sys.argv[1:])
    asked = json.loads(steps_file.read_text("utf-8"))
    with TestClient(
        SaldoPas.to_asgi(),  # type: ignore[attr-defined]  # by BentoML
        base_url="http://localhost",
        client=("127.0.0.1", 50_000),
        raise_server_exceptions=False,
    ) as client:
        answers = {
            group: [answered(client, step) for step in steps] for group, steps in asked.items()
        }
    answers_file.write_text(json.dumps(answers), "utf-8")


if __name__ == "__main__":
    main()
