"""Lengths of time in seconds."""

from __future__ import annotations

from typing import Final

HOUR_S: Final = 3_600
DAY_S: Final = 24 * HOUR_S
