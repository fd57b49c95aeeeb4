"""API keys: who calls and what it may do; the service knows hashes of keys only.

A key is 32 random bytes, so one round of sha256 is enough: there is nothing to guess from.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from saldopas.serving.http.errors import ApiError
from saldopas.serving.http.logs import LOG
from saldopas.serving.http.settings import Settings
from starlette.types import Scope

SCOPES = ("recommend", "events", "admin")
HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^:]+))(?::[0-9]*)?")
LINE = re.compile(r"([0-9a-f]{64}) ([A-Za-z0-9._-]{1,64}) ([a-z]+(?:,[a-z]+)*)")
LOOK_EVERY_S = 1.0
LONGEST_KEY = 200


@dataclass(frozen=True)
class Key:
    """One line of the file: `sha256 name scope,scope`."""

    digest: bytes
    name: str
    scopes: frozenset[str]


def digest_of(text: bytes) -> bytes:
    """sha256."""
    return hashlib.sha256(text).digest()


def read_keys(path: Path) -> tuple[Key, ...]:
    """The keys of a file; lines that are empty or begin with # are for people.

    Raises:
        ValueError: names the line that is none; never quotes it.
        OSError: the file cannot be read.
    """
    keys = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = LINE.fullmatch(line.strip())
        scopes = frozenset(match[3].split(",")) if match else frozenset()
        if match is None or not scopes <= set(SCOPES):
            raise ValueError(
                f"{path} line {number}: write `sha256 name scopes`, as `saldopas keys new` does"
            )
        keys.append(Key(bytes.fromhex(match[1]), match[2], scopes))
    return tuple(keys)


class KeyRing:
    """The keys of a file, read again when the file changes; a bad file changes nothing.

    Args:
        path: the file; None: development, where this machine alone is answered.

    Raises:
        ValueError, OSError: the file is bad at the start.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._looked_s = time.monotonic()
        self._stamp = _stamp(path) if path is not None else None
        self._keys = read_keys(path) if path is not None else ()

    @property
    def needed(self) -> bool:
        """Whether requests need a key."""
        return self._path is not None

    def caller(self, scope: Scope, needs: Collection[str]) -> str:
        """The name of the key of a request, which has one of the scopes that open the route.

        Raises:
            ApiError: 401 no key that is known, 403 not for this.
        """
        if self._path is None:
            if _from_elsewhere(scope):
                raise ApiError(
                    403,
                    "keys_needed",
                    "without API keys only the service's own machine is answered, as localhost",
                )
            return "development"
        self._look(self._path)
        found = self._known(_presented(scope))
        if found is None:
            raise ApiError(
                401,
                "no_key",
                "send a known API key: Authorization: Bearer KEY, or X-API-Key: KEY",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if found.scopes.isdisjoint(needs):
            raise ApiError(403, "not_allowed", f"this key lacks the scope {' or '.join(needs)}")
        return found.name

    def _known(self, text: bytes) -> Key | None:
        """Compares with every key, whichever fits, so that time tells nothing."""
        digest = digest_of(text)
        found = None
        for key in self._keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found

    def _look(self, path: Path) -> None:
        now_s = time.monotonic()
        if now_s - self._looked_s < LOOK_EVERY_S:
            return
        self._looked_s = now_s
        stamp = _stamp(path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._keys = read_keys(path)
        except (OSError, ValueError) as error:
            LOG.error("keys not read again", cause=str(error))
        else:
            LOG.info("keys read again", keys=len(self._keys))


def keys_of(settings: Settings) -> KeyRing:
    """The keys of these settings.

    Raises:
        SystemExit: the file is bad; its text is one line for a person.
    """
    try:
        return KeyRing(settings.keys_file)
    except (OSError, ValueError) as error:
        raise SystemExit(f"saldopas: SALDOPAS_KEYS_FILE: {error}") from error


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _presented(scope: Scope) -> bytes:
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    text = headers.get(b"x-api-key", b"")
    if not text:
        scheme, _, text = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer":
            return b""
    return text.strip()[:LONGEST_KEY]


def _from_elsewhere(scope: Scope) -> bool:
    """Whether the peer has another machine's address, or asks for another machine's name.

    A page of another site can have its own name lead here; its browser then asks for that name. A
    name without a dot is no site's.
    """
    client = scope.get("client")
    if client is not None and _is_elsewhere(client[0]):
        return True
    return any(name == b"host" and not _is_own_name(value) for name, value in scope["headers"])


@lru_cache(maxsize=1_024)
def _is_own_name(host: bytes) -> bool:
    found = HOST.fullmatch(host.decode("latin-1").lower())
    if found is None:
        return False
    name = found[1] or found[2]
    if _is_address(name):
        return not _is_elsewhere(name)
    return "." not in name or name.endswith(".localhost")


@lru_cache(maxsize=1_024)
def _is_elsewhere(host: str) -> bool:
    """Of a peer without an address, such as a socket's, nothing is known."""
    if not _is_address(host):
        return False
    address = ipaddress.ip_address(host)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return not address.is_loopback


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
