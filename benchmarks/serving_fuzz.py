"""Made-up requests at every operation of a service that runs, each answer held to `/docs.json`.

    python -m benchmarks.serving_fuzz --examples 1000
    python -m benchmarks.serving_fuzz --examples 50 --only erase_participant

Half of the examples fit the document and half do not. All checks of schemathesis run; what is left
out is said in `_left_out`. Exits 1 where an answer is a fault or no documented one.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.page.page_world import make_artifact
from tests.postgres_server import free_port, postgres_binaries, postgres_server

SALDOPAS = [sys.executable, "-m", "saldopas"]
READY_S = 300  # the first start of all compiles
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
JUDGED_INSIDE = frozenset({"/recommend_batch", "/events"})
# to JSON Schema 5.0 is an integer and February has 30 days
BEYOND_JSON_SCHEMA = (
    "without a decimal point",
    "no such moment",
    "no balance is known",
    "must be in",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1_000, help="an operation")
    parser.add_argument("--only", help="operationId")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the service ends too
    with (
        tempfile.TemporaryDirectory() as scratch,
        _store(Path(scratch)) as store,
        _service(Path(scratch), store) as url,
    ):
        faults = 0
        print("operation | requests | s | statuses | fault")
        for operation in _operations(url, chosen.only):
            started = time.monotonic()
            statuses, fault = _fuzzed(operation, chosen.examples)
            shown = ", ".join(f"{status} x{n}" for status, n in sorted(statuses.items()))
            seconds = time.monotonic() - started
            line = (operation.label, f"{statuses.total()}", f"{seconds:.0f}", shown, fault or "-")
            print(" | ".join(line), flush=True)
            faults += fault is not None
    print(f"operations with a fault: {faults}")
    sys.exit(1 if faults else 0)


def _operations(url: str, only: str | None) -> list[Any]:
    """As `/docs.json` names them; those without input are asked too."""
    schema = schemathesis.openapi.from_url(f"{url}/docs.json")
    found = [one.ok() for one in schema.get_all_operations()]
    wanted = [one for one in found if only in (None, one.definition.raw.get("operationId"))]
    if not wanted:
        sys.exit(f"there is no operation {only}")
    return wanted


def _fuzzed(operation: Any, examples: int) -> tuple[Counter[int], str | None]:
    """Statuses of all answers, and the first fault."""
    statuses: Counter[int] = Counter()
    with requests.Session() as session:
        for mode in MODES if _has_input(operation) else MODES[:1]:
            fault = _fuzzed_in(mode, operation, examples // len(MODES), session, statuses)
            if fault is not None:
                return statuses, f"{mode.value}: {fault}"
    return statuses, None


def _has_input(operation: Any) -> bool:
    """Without a body and parameters there is one request, and no wrong one."""
    raw = operation.definition.raw
    return "requestBody" in raw or bool(raw.get("parameters"))


def _fuzzed_in(
    mode: schemathesis.GenerationMode,
    operation: Any,
    examples: int,
    session: requests.Session,
    statuses: Counter[int],
) -> str | None:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case) -> None:
        response = case.call(session=session)
        statuses[response.status_code] += 1
        case.validate_response(response, excluded_checks=_left_out(case.path, response.text))

    try:
        ask()
    except Exception as error:  # noqa: BLE001 - reported, whatever it is
        return " ".join(f"{type(error).__name__}: {_told(error)}".split())[:1_500]
    return None


def _told(error: BaseException) -> str:
    """The message, and those of the parts of a group."""
    parts = getattr(error, "exceptions", ())
    return "; ".join([str(error), *(_told(part) for part in parts)])


def _left_out(path: str, text: str) -> list[Any]:
    """Checks that cannot hold: a bad part of a batch is answered in its place with 200, and some
    refusals are of what JSON Schema cannot say."""
    left_out = []
    if path in JUDGED_INSIDE:
        left_out.append(negative_data_rejection)
    if any(words in text for words in BEYOND_JSON_SCHEMA):
        left_out.append(positive_data_acceptance)
    return left_out


@contextmanager
def _store(home: Path) -> Iterator[str]:
    """A fresh PostgreSQL, which refuses more than SQLite does; where there is none, SQLite."""
    binaries = postgres_binaries()
    print(f"store: {'SQLite' if binaries is None else 'PostgreSQL'}")
    if binaries is None:
        yield f"sqlite:///{home / 'store.db'}"
        return
    with postgres_server(binaries) as url:
        yield url


@contextmanager
def _service(home: Path, store: str) -> Iterator[str]:
    """`saldopas serve` over a small model and a fresh store; its URL."""
    artifact, _ = make_artifact(home)
    port, log = free_port(), home / "service.log"
    url = f"http://127.0.0.1:{port}"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SALDOPAS_", "MLFLOW_"))}
    more = {"SALDOPAS_LOG_REQUESTS": "false"}
    command = [*SALDOPAS, "serve", "--artifact", str(artifact), "--port", str(port)]
    command += ["--store", store]
    with log.open("wb") as output:
        service = subprocess.Popen(
            command, cwd=home, env=kept | more, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait_until_ready(url, service, log)
        yield url
        told = [line for line in log.read_text().splitlines() if '"error"' in line]
        print(f"lines of level error in the service's log: {len(told)}")
        print("\n".join(told[:10]))
    finally:
        service.terminate()
        service.wait(60)


def _wait_until_ready(url: str, service: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end and service.poll() is None:
        try:
            if requests.get(f"{url}/readyz", timeout=2).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    sys.exit(f"the service did not start:\n{log.read_text()[-3000:]}")


if __name__ == "__main__":
    main()
