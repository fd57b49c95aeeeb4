"""Names of requests: later ones sort after earlier ones, so that a store appends served lists."""

from __future__ import annotations

from random import getrandbits
from time import time_ns


def new_request_id() -> str:
    """32 hexadecimal digits: nanoseconds since 1970, then 64 random bits."""
    return f"{time_ns():016x}{getrandbits(64):016x}"
