"""How long one request takes: challenger and champion in turns, on the same busy machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from saldopas.features.requests.batch import RequestBatch, build_requests
from saldopas.models.artifact.artifact import Artifact

COUNT = 10  # courses asked for
WARM_UP = 20


@dataclass(frozen=True)
class Latency:
    """Medians over single requests, in milliseconds; the champion's is None without one."""

    challenger_ms: float
    champion_ms: float | None
    requests: int


def measure_latency(
    challenger: Artifact, champion: Artifact | None, *, requests: int, seed: int
) -> Latency:
    """Ask each policy `requests` times, each time for another participant of its own snapshot."""
    asked = [
        _TimedPolicy.of(one, requests, seed) for one in (challenger, champion) if one is not None
    ]
    seconds = np.array([_times(asked, turn) for turn in range(-WARM_UP, requests)])[WARM_UP:]
    medians = 1_000 * np.median(seconds, axis=0)
    return Latency(
        challenger_ms=float(medians[0]),
        champion_ms=float(medians[1]) if champion is not None else None,
        requests=requests,
    )


@dataclass(frozen=True)
class _TimedPolicy:
    """A policy and the single requests that it gets."""

    answer: Callable[[RequestBatch], object]
    requests: list[RequestBatch]

    @classmethod
    def of(cls, artifact: Artifact, count: int, seed: int) -> _TimedPolicy:
        rows = _participants(artifact, count, seed)
        manifest = artifact.manifest
        batch = build_requests(artifact.known(rows), as_of_s=manifest.cutoff_s, count=COUNT)
        return cls(artifact.policy.recommend, [batch.take(np.array([i])) for i in range(count)])


def _participants(artifact: Artifact, count: int, seed: int) -> NDArray[np.int64]:
    known = artifact.snapshot.n_people
    return np.random.default_rng(seed).integers(-1 if known == 0 else 0, max(known, 1), size=count)


def _times(asked: Sequence[_TimedPolicy], turn: int) -> list[float]:
    """Seconds of each policy; who goes first alternates."""
    order = range(len(asked)) if turn % 2 else reversed(range(len(asked)))
    seconds = [0.0] * len(asked)
    for place in order:
        request = asked[place].requests[turn]
        started = time.perf_counter()
        asked[place].answer(request)
        seconds[place] = time.perf_counter() - started
    return seconds
