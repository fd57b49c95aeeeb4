"""When the store is not asked: after failures in a row, until one look-up a second works again."""

from __future__ import annotations

import time
from collections.abc import Callable

FAILURES = 3
LEAST_S = 0.3  # a hiccup, when all that wait fail together, is not yet a store that is down
PAUSE_S = 1.0


class Breaker:
    """Counts what fails; while it is open, one call a pause tries whether the store is back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._up = True
        self._failures = 0
        self._since_s = 0.0
        self._next_try_s = 0.0

    @property
    def up(self) -> bool:
        """Whether the store is believed to answer."""
        return self._up

    def allows(self) -> bool:
        """Whether to ask now; where the store is down, whoever is let through is the trial."""
        if self._up:
            return True
        now_s = self._clock()
        if now_s < self._next_try_s:
            return False
        self._next_try_s = now_s + PAUSE_S
        return True

    def worked(self) -> None:
        """The store answered in time."""
        self._up, self._failures = True, 0

    def failed(self) -> None:
        """It did not."""
        if self._failures == 0:
            self._since_s = self._clock()
        self._failures += 1
        lasting = self._clock() - self._since_s >= LEAST_S
        if self._up and self._failures >= FAILURES and lasting:
            self.open()

    def open(self) -> None:
        """The store is down."""
        self._up, self._next_try_s = False, self._clock() + PAUSE_S
