"""`saldopas serve` and `saldopas keys new`: the HTTP service, and who may ask it."""

from __future__ import annotations

import errno
import hashlib
import ipaddress
import os
import re
import secrets
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from saldopas.features.errors import ArtifactError, DataError
from saldopas.store import DEFAULT_STORE, NO_STORE
from saldopas.training_pipeline.commands.options import UsedStore
from saldopas.training_pipeline.console import RunFailedError, say

if TYPE_CHECKING:
    from saldopas.models.artifact.manifest import Manifest


SERVICE = "saldopas.serving.service:SaldoPas"
CHAMPION = "champion"
VERSION = "SALDOPAS_MODEL_VERSION"
CODE = Path(__file__).resolve().parents[2]  # or `serving/` where one stands is taken for it
SCOPES = ("recommend", "events", "admin")  # what `serving/http/keys.py` reads
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
keys_app = typer.Typer(help="API keys of the service.", no_args_is_help=True)


def serve(
    port: Annotated[int, typer.Option(min=1, max=65_535)] = 3000,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 for every network.")
    ] = "127.0.0.1",
    model: Annotated[
        str, typer.Option(help="champion, challenger, previous, or a version number.")
    ] = CHAMPION,
    artifact: Annotated[
        Path | None, typer.Option(help="Serve this artifact directory instead.")
    ] = None,
    workers: Annotated[
        int,
        typer.Option(min=1, max=64, envvar="SALDOPAS_WORKERS", help="Processes that answer."),
    ] = 1,
    store: UsedStore = DEFAULT_STORE,
    keys: Annotated[
        Path | None,
        typer.Option(
            envvar="SALDOPAS_KEYS_FILE",
            help="Hashes of API keys, see `saldopas keys new`; without it only this machine is "
            "answered.",
        ),
    ] = None,
) -> None:
    """Serve recommendations over HTTP: POST /recommend, OpenAPI at /docs.json.

    The process becomes `bentoml serve`: SIGTERM or Ctrl-C lets running requests finish.
    """
    address = _address(host)
    chosen_store = _prepared(store)
    _check_keys(address, keys)
    check_free(address, port)
    directory, chosen, name = _chosen(model, artifact)
    manifest = _proven(directory)
    url = f"http://{f'[{address}]' if ':' in address else address}:{port}"
    _announce(url, manifest, name, keyed=keys is not None)
    environment = {
        name: value
        for name, value in os.environ.items()
        if name
        not in (
            "SALDOPAS_ARTIFACT",
            "SALDOPAS_CHAMPION",
            VERSION,
            "SALDOPAS_STORE",
        )
    }
    environment |= {"SALDOPAS_WORKERS": str(workers), "SALDOPAS_URL": url, **chosen, **chosen_store}
    if keys is not None:
        environment["SALDOPAS_KEYS_FILE"] = str(keys.resolve())
    environment.setdefault("BENTOML_DO_NOT_TRACK", "True")  # it would report to its makers
    environment.setdefault("PYTHONNODEBUGRANGES", "1")  # no columns of tracebacks: 1 MB a worker
    command = [sys.executable, "-m", "bentoml", "serve", SERVICE]
    command += ["--host", address, "--port", str(port), "--working-dir", str(CODE)]
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, command, environment)  # noqa: S606 - no shell is wanted


def _prepared(store: str) -> dict[str, str]:
    """How the service is told of the store; a wrong URL is said here, in one line.

    The service brings the schema up to date, and starts without a store that does not answer.
    """
    from saldopas.store.engine import absolute_store

    return {} if store == NO_STORE else {"SALDOPAS_STORE": absolute_store(store)}


def _address(host: str) -> str:
    """BentoML takes numeric addresses only."""

    try:
        return str(ipaddress.ip_address("127.0.0.1" if host == "localhost" else host))
    except ValueError as error:
        raise DataError(
            f"--host {host} is no address", remedy="give one such as 127.0.0.1 or 0.0.0.0"
        ) from error


def _check_keys(address: str, keys: Path | None) -> None:
    """Strangers are answered for keys only."""

    if keys is None:
        if not ipaddress.ip_address(address).is_loopback:
            raise DataError(
                f"--host {address} is open to other machines, and there are no API keys",
                remedy="make one with `saldopas keys new` and give its file with --keys, or "
                "listen on 127.0.0.1",
            )
    elif not keys.is_file():
        raise DataError(f"--keys {keys} is no file", remedy="make it with `saldopas keys new`")


def check_free(address: str, port: int) -> None:
    """BentoML would say it in thirty lines."""

    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise RunFailedError(f"port {port} is in use; give another --port") from error
            raise RunFailedError(
                f"cannot listen on {address} port {port}: {error.strerror}"
            ) from error


def _chosen(model: str, artifact: Path | None) -> tuple[Path, dict[str, str], str]:
    """The artifact to serve, how the service is told of it, and its name for people."""

    if artifact is not None:
        if model != CHAMPION:
            raise DataError("--model and --artifact name two models", remedy="give one of them")
        named = os.environ.get(VERSION)
        told = {"SALDOPAS_ARTIFACT": str(artifact.resolve())} | ({VERSION: named} if named else {})
        return artifact, told, str(artifact)
    if model == CHAMPION:
        from saldopas.training_pipeline.tracking.champion_pointer import pointer_file

        directory, version = _champion()
        pointer = str(pointer_file().resolve())
        return directory, {"SALDOPAS_CHAMPION": pointer}, f"champion, version {version}"
    from saldopas.training_pipeline.tracking.registry import resolve

    directory = resolve(model)
    told = {"SALDOPAS_ARTIFACT": str(directory.resolve())}
    if model.isdecimal():
        return directory, told | {VERSION: model}, f"version {model}"
    return directory, told, model


def _champion() -> tuple[Path, int]:
    """The artifact directory and version of the champion.

    Every promotion in a local tracking store writes the pointer beside it, so MLflow, which takes
    seconds to load, is asked only about a store that several machines share.
    """
    from saldopas.training_pipeline.tracking.champion_pointer import read_pointer
    from saldopas.training_pipeline.tracking.store import is_local

    found = read_pointer() if is_local() or find_spec("mlflow") is None else None
    if found is None:
        from saldopas.training_pipeline.tracking.promotion import publish_champion

        publish_champion()
        found = read_pointer()
        assert found is not None, "publish_champion writes it"
    return found


def _proven(directory: Path) -> Manifest:
    """The manifest of an artifact that loads, so that a bad one is refused here, in one line."""
    from saldopas.models.artifact.artifact import load_artifact

    try:
        return load_artifact(directory).manifest
    except ArtifactError as error:
        raise RunFailedError(str(error)) from error


def _announce(url: str, manifest: Manifest, name: str, *, keyed: bool) -> None:
    from datetime import UTC, datetime

    learned = datetime.fromtimestamp(manifest.cutoff_s, UTC).date().isoformat()
    say(f"{name}: {manifest.model} on {manifest.dataset.name}, learned before {learned}")
    if not keyed:
        say("development mode: without API keys (--keys) only this machine is answered")
    say(f"starting {url} (a line with `ready` follows; Ctrl-C stops)")


@keys_app.callback()
def keys() -> None:
    """API keys of the service."""


@keys_app.command()
def new(
    name: Annotated[str, typer.Option(help="Who uses it: letters, digits, dot, dash.")],
    scope: Annotated[
        str, typer.Option(help="recommend, events, admin; several with commas.")
    ] = "recommend",
    file: Annotated[
        Path | None, typer.Option(help="Append the hash's line to this file, made if missing.")
    ] = None,
) -> None:
    """Make a key, print it once, and print or append the line that the service reads.

    The file is the one of `saldopas serve --keys`; a running service reads it again when it
    changes. Take a key back by removing its line.
    """

    wanted = [part.strip() for part in scope.split(",")]
    unknown = sorted(set(wanted) - set(SCOPES))
    if unknown:
        raise DataError(f"no such scope: {unknown[0]!r}", remedy=f"known: {', '.join(SCOPES)}")
    if not NAME.fullmatch(name):
        raise DataError("--name is no name for a key", remedy="write one such as dashboard-2")
    key = "sp_" + secrets.token_urlsafe(32)
    scopes = ",".join(known for known in SCOPES if known in wanted)
    line = f"{hashlib.sha256(key.encode()).hexdigest()} {name} {scopes}"
    if file is None:
        say("the key, shown only now, and below it the line for the keys file:")
        typer.echo(key)
        typer.echo(line)
        return
    _append(file, line)
    say(f"the key, shown only now; its hash is in {file}:")
    typer.echo(key)


def _append(file: Path, line: str) -> None:
    """A line at the end of a file that only its owner reads."""
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as output:
        output.write(f"{line}\n")
