"""Asks again what the corpus holds, and tells the answers as the corpus does."""

from __future__ import annotations

import csv
import json
import lzma
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from tests.frozen import asking

Json = dict[str, Any]
HERE = Path(__file__).parent
WORLDS = (
    "sequence2021",
    "blend2021",
    "explored2023",
    "factors2023",
    "als2021",
    "bare",
    "trained2021",
)
STORED = ("sequence2021", "explored2023", "factors2023", "bare")
TRAINED_WORLD = "trained2021"
OWN = frozenset({"request_id", "code_version", "service_version"})  # other at each run or release
KEPT_HEADERS = ("content-type", "allow", "retry-after", "www-authenticate")


def unpack(to: Path) -> None:
    """Artifacts and tables, each in a folder of its world."""
    with zipfile.ZipFile(HERE / "worlds.zip") as file:
        file.extractall(to)


def read(name: str) -> Json:
    """One part of the committed corpus."""
    value: Json = json.loads(lzma.decompress((HERE / f"{name}.json.xz").read_bytes()))
    return value


def over_http(world: Path, asked: dict[str, list[Json]], *, stored: bool) -> Json:
    """The answers to all steps, in their order."""
    with tempfile.TemporaryDirectory() as directory:
        store = asking.filled_store(world / "data", Path(directory)) if stored else None
        with asking.service(world / "artifact", store) as client:
            return {
                group: [answered(client, step) for step in some] for group, some in asked.items()
            }


def through_bento(world: Path, asked: dict[str, list[Json]], directory: Path) -> Json:
    """The same from the BentoML application in a process of its own, its store in `directory`."""
    told = {
        "ARTIFACT": f"{world}/artifact",
        "MODEL_VERSION": "frozen",
        "STORE": asking.filled_store(world / "data", directory),
        "STORE_TIMEOUT_MS": "5000",
        "LOG_REQUESTS": "false",
        "MAX_BODY_BYTES": "4096",
    }
    steps_file, answers_file = directory / "steps.json", directory / "answers.json"
    steps_file.write_text(json.dumps(asked), "utf-8")
    module = "tests.frozen.bento_answers"
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", module, str(steps_file), str(answers_file)],
        check=True,
        cwd=HERE.parent.parent,
        env={**os.environ, **{f"SALDOPAS_{name}": value for name, value in told.items()}},
    )
    answers: Json = json.loads(answers_file.read_text("utf-8"))
    return answers


def answered(client: TestClient, step: Json) -> Json:
    """Status, some headers and the body of one step."""
    headers = dict(step.get("headers", {}))
    content = step.get("content")
    response = client.request(
        step["method"],
        step["path"],
        json=step.get("json"),
        content=None if content is None else content.encode("latin-1"),
        headers=headers,
    )
    told: Json = {"status": response.status_code}
    for name in KEPT_HEADERS:
        if name in response.headers:
            told[name] = response.headers[name]
    if step["path"] == "/docs.json":
        told["paths"] = sorted(
            f"{method.upper()} {path}"
            for path, operations in response.json()["paths"].items()
            for method in operations
        )
    elif response.content and told.get("content-type", "").startswith("application/json"):
        erased = step["method"] == "DELETE"  # its rows count lists that may wait to be written
        told["body"] = without_own(response.json(), OWN | {"rows"} if erased else OWN)
    elif step["path"] != "/":
        told["text"] = response.text
    return told


def without_own(value: Any, own: frozenset[str] = OWN) -> Any:
    """The same with what is other at each run left out."""
    if isinstance(value, dict):
        return {
            key: "(own)" if key in own and isinstance(one, str | int) else without_own(one, own)
            for key, one in value.items()
        }
    return [without_own(one, own) for one in value] if isinstance(value, list) else value


def run(world: Path, arguments: list[str]) -> Json:
    """Exit code, and the JSON document where there is one; paths are taken out."""
    path = world / "run"
    path.mkdir(exist_ok=True)
    done = asking.command(path, [one.replace("{world}", str(world)) for one in arguments])
    text = done["stdout"].replace(str(world), "{world}")
    if done["exit_code"] == 0 and "--json" in arguments:
        return {"exit_code": 0, "json": without_own(json.loads(text))}
    return {"exit_code": done["exit_code"], "text": text}


def scored(world: Path) -> Json:
    """The lists of `saldopas score` for everybody, and for given balances."""
    path = world / "run"
    path.mkdir(exist_ok=True)
    asked = "participant_id,balance\nP0000001,300000\nP0000002,\nnobody,90000\nP0000003,0\n"
    (path / "asked.csv").write_text(asked)
    found = {}
    for kind, more in (("everybody", []), ("asked", ["--requests", "asked.csv", "--n", "30"])):
        options = ["--model", f"{world}/artifact", "--out", f"{kind}.csv", "--json"]
        done = asking.command(path, ["score", f"{world}/data", *options, "--n", "3", *more])
        told = json.loads(done["stdout"])
        kept = {key: told[key] for key in ("rows", "participants", "unknown")}
        with (path / f"{kind}.csv").open(newline="") as file:
            rows = [*csv.DictReader(file)]
        lists = [
            [row["participant_id"], int(row["rank"]), row["course_id"], row["source"]]
            for row in rows
        ]
        found[kind] = {**kept, "lists": lists, "scores": [float(row["score"]) for row in rows]}
    return found


def training(worlds: Path) -> Json:
    """What a whole training chooses and measures."""
    with tempfile.TemporaryDirectory() as directory:
        told = asking.retrained(worlds / TRAINED_WORLD / "data", Path(directory) / "artifact")
    return {TRAINED_WORLD: told}
