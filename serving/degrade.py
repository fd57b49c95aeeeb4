"""When the store is not asked: after failures in a row, until one look-up a second works again."""

from __future__ import annotations

import time
from collections.abc import Callable

FAILURES = 3
PAUSE_S = 1.0


class Breaker:
    """Counts what fails; while it is open, one call a pause tries whether the store is back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._next_try = 0.0

    @property
    def up(self) -> bool:
        """Whether the store is believed to answer."""
        return self._failures < FAILURES

    def allows(self) -> bool:
        """Whether to ask now; where the store is down, whoever is let through is the trial."""
        if self.up:
            return True
        now = self._clock()
        if now < self._next_try:
            return False
        self._next_try = now + PAUSE_S
        return True

    def worked(self) -> None:
        """The store answered in time."""
        self._failures = 0

    def failed(self) -> None:
        """It did not."""
        self._failures += 1
        if self._failures == FAILURES:
            self._next_try = self._clock() + PAUSE_S
