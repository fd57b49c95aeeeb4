"""A real PostgreSQL of our own, on loopback, for as long as tests need it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MISSING = "no PostgreSQL here: apt-get install -y postgresql"


@dataclass(frozen=True)
class PostgresServer:
    """A running server: its address, and how to take it away for a while."""

    url: str
    start: Callable[[], None]
    stop: Callable[[], None]


@contextmanager
def postgres_server(binaries: Path) -> Iterator[str]:
    """The URL of a fresh server whose programs are in `binaries`; ends with the block."""
    with stoppable_postgres(binaries) as server:
        yield server.url


@contextmanager
def stoppable_postgres(binaries: Path, *, fsync: bool = False) -> Iterator[PostgresServer]:
    """A fresh server that can be stopped (as by a crash) and started; ends with the block."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="saldopas-pg-"))
    if prefix:
        shutil.chown(folder, "postgres")
    port = free_port()
    data = folder / "data"

    def postgres(program: str, *arguments: str) -> None:
        command = [*prefix, str(binaries / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=120, cwd=folder)

    postgres("initdb", "-D", str(data), "-U", "saldopas", "--auth=trust", "-E", "UTF8", "-N")
    durable = "on" if fsync else "off"
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync={durable}"
    log = str(folder / "log")

    def start() -> None:
        postgres("pg_ctl", "-D", str(data), "-l", log, "-o", options, "-w", "start")

    def stop() -> None:
        postgres("pg_ctl", "-D", str(data), "-m", "immediate", "stop")

    start()
    try:
        url = f"postgresql+psycopg://saldopas@127.0.0.1:{port}/postgres"
        yield PostgresServer(url, start, stop)
    finally:
        if (data / "postmaster.pid").exists():
            stop()
        shutil.rmtree(folder, ignore_errors=True)


def postgres_binaries() -> Path | None:
    """Where `initdb` and `pg_ctl` are."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    found = shutil.which("initdb")
    if found:
        candidates.append(Path(found).resolve())
    return candidates[0].parent if candidates else None


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
