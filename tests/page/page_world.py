"""A small world with a hostile title, and `saldopas serve` over it with keys and a store."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import httpx
import numpy as np
from saldopas.features.encoding.indexed import index_dataset
from saldopas.features.encoding.snapshot import Snapshot
from saldopas.features.tables.dataset import read_dataset
from saldopas.models.artifact.artifact import write_artifact
from saldopas.models.artifact.manifest import Manifest, installed_versions
from saldopas.models.explaining.evidence import Evidence
from saldopas.models.policy.recipe import Recipe
from saldopas.training_pipeline.ingest.sample.generate import SampleTables, generate, write_sample

from tests.serving.serving_world import RECIPE, SAMPLE, SEED

HOSTILE = '<img src="x" onerror="alert(1)"><b>Bold</b> "\'&amp;'
SALDOPAS = [
    sys.executable,
    "-c",
    "from saldopas.training_pipeline.commands.main import main; main()",
]
LEAST_LEFT_RP = 500_000
READY_S = 300  # the first start of all compiles
TOO_LITTLE_RP = 20_000  # below the cheapest course
DESKTOP, PHONE = (1280, 900), (360, 780)  # CSS pixels


@dataclass
class People:
    """Ids of participants that no test has used yet."""

    newcomers: list[str] = field(default_factory=list)  # bought nothing
    buyers: list[str] = field(default_factory=list)  # bought something, much is left
    spent: list[str] = field(default_factory=list)  # next to nothing is left


@dataclass(frozen=True)
class Served:
    """A running service and what tests know of it."""

    url: str
    key: str  # may do what a participant does
    weak_key: str  # may not read participants' data
    events_key: str  # may not ask for recommendations
    admin_key: str
    people: People
    store: Path
    log: Path
    process: subprocess.Popen[bytes]

    def balance(self, participant_id: str) -> int:
        """As the service sees it now."""
        headers = {"X-API-Key": self.key}
        answer = httpx.get(f"{self.url}/participants/{participant_id}", headers=headers)
        return int(answer.raise_for_status().json()["balance"])

    def erase(self, participant_id: str) -> None:
        headers = {"X-API-Key": self.admin_key}
        httpx.delete(
            f"{self.url}/participants/{participant_id}", headers=headers
        ).raise_for_status()

    @contextmanager
    def store_down(self) -> Iterator[None]:
        """The store's tables cannot be read for as long as the block lasts."""
        self._run("ALTER TABLE participants RENAME TO hidden")
        try:
            yield
        finally:
            self._run("ALTER TABLE hidden RENAME TO participants")

    def _run(self, statement: str) -> None:
        with sqlite3.connect(self.store, timeout=10) as connection:
            connection.execute(statement)


def make_artifact(directory: Path) -> tuple[Path, People]:
    """A small model over a sample whose most bought course has a hostile title."""
    tables = generate(SAMPLE, seed=SEED)
    courses = tables.courses.copy()
    favourite = tables.purchases["course_id"].mode()[0]
    courses["title"] = courses["title"].where(courses["course_id"] != favourite, HOSTILE)
    changed = SampleTables(tables.participants, courses, tables.purchases)
    write_sample(changed, SAMPLE, directory / "data", seed=SEED)
    dataset = read_dataset(directory / "data")
    data = index_dataset(dataset)
    cutoff_s = int(datetime.fromisoformat("2021-11-20T09:00:00+07:00").timestamp())
    training = data.training_set(data.seen_before(cutoff_s), as_of_s=cutoff_s)
    policy = RECIPE.fit(training, seed=SEED)
    manifest = Manifest(
        model="sequence-ridge",
        dataset=dataset.config,
        fingerprint=dataset.fingerprint,
        cutoff_s=cutoff_s,
        seed=SEED,
        recipe=Recipe.of(policy),
        vocabulary=training.vocabulary,
        code_version="0.1.0+test",
        versions=installed_versions(),
    )
    snapshot = Snapshot.take(data, training.vocabulary, as_of_s=cutoff_s)
    path = directory / "artifact"
    write_artifact(path, manifest, policy, snapshot, Evidence.count(training))
    return path, _people(snapshot)


def _people(snapshot: Snapshot) -> People:
    bought = np.diff(snapshot.indptr)
    left = snapshot.balance_rp

    def ids(rows: np.ndarray) -> list[str]:
        return [bytes(one).decode() for one in snapshot.ids[np.flatnonzero(rows)[:40]]]

    return People(
        newcomers=ids(bought == 0),
        buyers=ids((bought > 0) & (left >= LEAST_LEFT_RP)),
        spent=ids((bought > 0) & (left < TOO_LITTLE_RP)),
    )


@contextmanager
def serving(directory: Path) -> Iterator[Served]:
    """`saldopas serve` as operators start it, on a free port."""
    artifact, people = make_artifact(directory)
    full, weak, only_events, admin = (f"sp_{letter * 43}" for letter in "abcd")
    keys, store, log = directory / "keys", directory / "store.db", directory / "log"
    scopes = {full: "recommend,events", weak: "recommend", only_events: "events", admin: "admin"}
    lines = [f"{sha256(k.encode()).hexdigest()} {k[3]} {scope}\n" for k, scope in scopes.items()]
    keys.write_text("".join(lines))
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SALDOPAS_", "MLFLOW_"))}
    settings = {
        "SALDOPAS_STORE": f"sqlite:///{store}",
        "SALDOPAS_KEYS_FILE": str(keys),
        "BENTOML_HOME": str(directory / "bentoml"),
    }
    command = [*SALDOPAS, "serve", "--artifact", str(artifact), "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=directory, env=kept | settings, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait_until_ready(url, process, log)
        yield Served(url, full, weak, only_events, admin, people, store, log, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"the service is not ready:\n{log.read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
