"""What is taken away, and when: workers, the store, the model; and how much memory is used."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.postgres_server import PostgresServer

WORKER = "_bentoml_impl.worker"
AFTER_KILL_S = 10.0  # until a new worker answers
STORE_DOWN_S = 10.0
AFTER_STORE_S = 5.0  # until every breaker has tried it again


@dataclass
class Faults:
    """What was done, with the windows in which errors are to be expected.

    Attributes:
        windows: (begin, end) on the monotonic clock.
        memory: (moment, process, proportional set size in MB).
    """

    windows: list[tuple[float, float]] = field(default_factory=list)
    kills: int = 0
    stops: int = 0
    swaps: int = 0
    memory: list[tuple[float, int, float]] = field(default_factory=list)

    def inside(self, moment: float) -> bool:
        """Whether errors were to be expected then."""
        return any(begin <= moment <= end for begin, end in self.windows)


def workers_of(service: int) -> list[int]:
    """Process ids of the workers below the service's own process, the oldest first."""
    parents: dict[int, int] = {}
    found: list[tuple[int, int]] = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            after_name = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        parents[int(folder.name)] = int(after_name[1])
        if WORKER in command:
            found.append((int(after_name[19]), int(folder.name)))

    def below(process: int) -> bool:
        while process in parents:
            process = parents[process]
            if process == service:
                return True
        return False

    return [process for _, process in sorted(found) if below(process)]


def pss_mb(process: int) -> float:
    """Proportional set size: shared pages count by their share."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


async def kill_workers(service: int, faults: Faults, end: float, every_s: float) -> None:
    """The youngest worker, without notice; the oldest lives on, and its memory is watched."""
    while time.monotonic() + every_s < end:
        await asyncio.sleep(every_s)
        workers = workers_of(service)
        if len(workers) > 1:
            faults.windows.append((time.monotonic() - 0.5, time.monotonic() + AFTER_KILL_S))
            os.kill(workers[-1], signal.SIGKILL)
            faults.kills += 1


async def swap_models(
    pointer: Path, versions: dict[str, str], faults: Faults, end: float, every_s: float
) -> None:
    """Another champion, as promotion writes it."""
    names = list(versions)
    while time.monotonic() + every_s < end:
        await asyncio.sleep(every_s)
        faults.swaps += 1
        name = names[faults.swaps % len(names)]
        beside = pointer.with_suffix(".new")
        beside.write_text(json.dumps({"artifact": versions[name], "version": int(name)}))
        beside.replace(pointer)


async def stop_store(server: PostgresServer, faults: Faults, moments: list[float]) -> None:
    """Gone as by a crash, and back."""
    for moment in moments:
        await asyncio.sleep(max(moment - time.monotonic(), 0))
        begin = time.monotonic()
        await asyncio.to_thread(server.stop)
        await asyncio.sleep(STORE_DOWN_S)
        await asyncio.to_thread(server.start)
        faults.stops += 1
        faults.windows.append((begin - 0.5, time.monotonic() + AFTER_STORE_S))


async def watch_memory(service: int, faults: Faults, end: float) -> None:
    """Of every worker, each five seconds."""
    while time.monotonic() < end:
        for process in workers_of(service):
            try:
                faults.memory.append((time.monotonic(), process, pss_mb(process)))
            except (OSError, StopIteration):
                continue  # it was killed meanwhile
        await asyncio.sleep(5)
