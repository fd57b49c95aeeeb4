"""How money and moments are typed: digits and ISO; what might mean two things is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import typer

SHOWN = 30  # characters
DIGITS = re.compile(r"[0-9]+")


def money(*, most: int) -> Callable[[str], int]:
    """A parser of whole units from 0 to `most`: `300.000` and `3_000_00` are no amounts."""

    def whole(text: str) -> int:
        if not DIGITS.fullmatch(text):
            raise typer.BadParameter(
                f"{text[:SHOWN]!r} is no whole amount (write 300000, without separators)"
            )
        if len(text) > len(str(most)) or int(text) > most:
            raise typer.BadParameter(f"{text[:SHOWN]} is more than {most}")
        return int(text)

    return whole


def moment(text: str) -> datetime:
    """ISO 8601; a bare number is no moment."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text[:SHOWN]!r} is no moment (write 2021-12-09, or 2021-12-09T10:00)"
        ) from error
