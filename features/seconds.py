"""Lengths of time, and the last moment of the data contract, in seconds."""

from __future__ import annotations

from typing import Final

HOUR_S: Final = 3_600
DAY_S: Final = 24 * HOUR_S
END_S: Final = 4_133_980_800  # 2101: what is dated later, or before 1970, is a mistake
